// Settings: `cmdTimeout` and `connectTimeout` as the scenario says (there is no limit for connecting by default), the rest are
// defaults. It stores for 60 s by default, which no scenario outlives.
import { MemcacheClient } from 'memcache-client'

export async function open({ servers: [{ host, port }], timeoutMs, ca }) {
  const tls = ca === undefined ? {} : { tls: { ca, servername: 'localhost' } }
  const client = new MemcacheClient({
    server: `${host}:${port}`,
    cmdTimeout: timeoutMs,
    connectTimeout: timeoutMs,
    ...tls,
  })
  return {
    get: async (key) => (await client.get(key))?.value,
    set: (key, value, ttl) => stored(client.set(key, value, ttl === undefined ? {} : { lifetime: ttl })),
    add: (key, value) => stored(client.add(key, value)),
    append: (key, value) => stored(client.append(key, value)),
    incr: (key, delta) => client.incr(key, delta),
    delete: async (key) => (await client.delete(key))[0] === 'DELETED',
    getMany: async (keys) => {
      const found = await client.get(keys)
      return new Map(Object.entries(found).map(([key, { value }]) => [key, value]))
    },
    gets: async (key) => {
      const found = await client.gets(key)
      return found === undefined ? undefined : { value: found.value, cas: found.casUniq }
    },
    cas: (key, value, { cas }) => stored(client.cas(key, value, { casUniq: cas })),
    version: () => client.version(),
    close: () => client.shutdown(),
  }
}

/** A refused write is an error with the server's word. */
async function stored(promise) {
  try {
    return (await promise)[0] === 'STORED'
  } catch (error) {
    if (/^(?:NOT_STORED|EXISTS|NOT_FOUND)/.test(error.message)) return false
    throw error
  }
}
