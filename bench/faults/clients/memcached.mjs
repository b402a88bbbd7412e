// The package `memcached`, and the shim with its API. Settings that help it: it waits 4 s for a connection of its pool, in steps of
// 200 ms, instead of up to 100 s in growing ones; a second instead of half a minute for a server that failed, and never the five
// hours of a dead one (`failures`), which it ends by the program `ping`. `timeout` is for connecting alone; it has none for
// commands.
const BUILD = new URL('../../../dist/', import.meta.url)

export async function open(config) {
  const { default: Memcached } =
    config.variant === 'shim' ? await import(new URL('compat-memcached.mjs', BUILD)) : await import('memcached')
  const servers = config.servers.map(({ host, port }) => `${host}:${port}`)
  const client = new Memcached(servers, {
    timeout: config.timeoutMs,
    retries: 20,
    factor: 1,
    minTimeout: 200,
    retry: 1000,
    failures: 1_000_000,
  })
  // One issue per failed command is usual.
  client.setMaxListeners(0)
  const call = (method, ...args) =>
    new Promise((resolve, reject) =>
      client[method](...args, (error, result) =>
        error ? reject(error instanceof Error ? error : new Error(String(error))) : resolve(result),
      ),
    )
  return {
    get: (key) => call('get', key),
    set: (key, value, ttl = 0) => call('set', key, value, ttl),
    add: (key, value) => call('add', key, value, 0),
    append: (key, value) => call('append', key, value),
    incr: async (key, delta) => {
      const count = await call('incr', key, delta)
      return count === false ? undefined : count
    },
    delete: (key) => call('del', key),
    getMany: async (keys) => new Map(Object.entries(await call('getMulti', keys))),
    gets: async (key) => {
      const found = await call('gets', key)
      return found === undefined ? undefined : { value: found[key], cas: found.cas }
    },
    cas: (key, value, { cas }) => call('cas', key, value, cas, 0),
    version: () => call('version'),
    close: () => client.end(),
  }
}
