// Settings: `timeoutMs` and `connectTimeoutMs` as the scenario says. Several servers: failover is the default (`next`), but
// `none` where one server is looked at, so that a failure of it shows.
const BUILD = new URL('../../../dist/', import.meta.url)

export async function open(config) {
  switch (config.variant) {
    case 'MetaClient':
      return openMeta(config)
    case 'sync':
      return openSync(config)
    default:
      return openMemcache(config)
  }
}

async function openMemcache(config) {
  const { Memcache } = await load('index.mjs')
  const client = new Memcache(addressesOf(config), optionsOf(config))
  return { ...commandsOf(client), close: () => client.close(), keysFor: keysFor(client) }
}

async function openSync(config) {
  const { MemcacheSync } = await load('sync.mjs')
  const client = new MemcacheSync(addressesOf(config), optionsOf(config))
  return { ...commandsOf(client), close: () => client.close(), keysFor: keysFor(client) }
}

async function openMeta(config) {
  const { MetaClient } = await load('meta.mjs')
  const client = new MetaClient(addressesOf(config), optionsOf(config))
  return {
    get: async (key) => {
      const result = await client.get(key)
      return result.status === 'hit' ? result.value : undefined
    },
    set: async (key, value, ttl = 0) => (await client.set(key, value, { ttl })).status === 'stored',
    add: async (key, value) => (await client.add(key, value)).status === 'stored',
    append: async (key, value) => (await client.append(key, value)).status === 'stored',
    incr: async (key, delta) => (await client.incr(key, delta)).value,
    delete: async (key) => (await client.delete(key)).status === 'ok',
    close: () => client.close(),
  }
}

/** Values come back as they are, without waiting: the synchronous client gives no promises. */
function commandsOf(client) {
  return {
    get: (key) => client.get(key),
    set: (key, value, ttl = 0) => client.set(key, value, { ttl }),
    add: (key, value) => client.add(key, value),
    append: (key, value) => client.append(key, value),
    incr: (key, delta) => client.incr(key, delta),
    delete: (key) => client.delete(key),
    getMany: (keys) => client.getMany(keys),
    gets: (key) => client.gets(key),
    cas: (key, value, { cas }) => then(client.cas(key, value, cas), (result) => result === 'stored'),
    version: () => client.version(),
    addServer: (address) => client.addServer(address),
    removeServer: (address) => client.removeServer(address),
  }
}

function then(result, change) {
  return result instanceof Promise ? result.then(change) : change(result)
}

/** Keys of the first server, for the variant with several. */
function keysFor(client) {
  return (names) => names.filter((name) => client.hash(name) === 0)
}

function load(file) {
  return import(new URL(file, BUILD))
}

function addressesOf({ servers }) {
  return servers.map(({ host, port }) => `${host}:${port}`)
}

function optionsOf({ timeoutMs, variant, ca, login, failover }) {
  return {
    timeoutMs,
    connectTimeoutMs: timeoutMs,
    ...(variant === 'text' ? { protocol: 'text' } : {}),
    ...(ca === undefined ? {} : { tls: { ca, servername: 'localhost' } }),
    ...(login === undefined ? {} : { auth: login }),
    ...(failover === undefined ? {} : { cluster: { failover } }),
  }
}
