// Settings: `timeout` and `conntimeout` as the scenario says, the rest are defaults (two retries). Values are Buffers by default;
// they are turned into text here.
import memjs from 'memjs'

export async function open({ servers, timeoutMs, login, failover }) {
  const seconds = timeoutMs / 1000
  const client = memjs.Client.create(servers.map(({ host, port }) => `${host}:${port}`).join(','), {
    timeout: seconds,
    conntimeout: seconds,
    failover: failover === 'next',
    failoverTime: 2,
    logger: { log() {} },
    ...login,
  })
  return {
    get: async (key) => {
      const { value } = await client.get(key)
      return value === null ? undefined : value.toString()
    },
    set: (key, value, ttl = 0) => client.set(key, value, { expires: ttl }),
    add: (key, value) => client.add(key, value, {}),
    append: (key, value) => client.append(key, value),
    incr: async (key, delta) => (await client.increment(key, delta, {})).value,
    delete: (key) => client.delete(key),
    close: () => client.close(),
  }
}
