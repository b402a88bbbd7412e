// Settings: `commandTimeout` and `connectTimeout` as the scenario says (there is no limit for commands by default).
import { Redis } from 'ioredis'

export async function open({ servers: [{ host, port }], timeoutMs, ca, login }) {
  const tls = ca === undefined ? {} : { tls: { ca, servername: 'localhost' } }
  const password = login === undefined ? {} : { password: login.password }
  const client = new Redis({ host, port, commandTimeout: timeoutMs, connectTimeout: timeoutMs, ...tls, ...password })
  client.on('error', () => undefined)
  return {
    get: async (key) => (await client.get(key)) ?? undefined,
    set: async (key, value) => (await client.set(key, value)) === 'OK',
    add: async (key, value) => (await client.set(key, value, 'NX')) === 'OK',
    append: async (key, value) => (await client.append(key, value)) > 0,
    incr: (key, delta) => client.incrby(key, delta),
    delete: async (key) => (await client.del(key)) === 1,
    getMany: async (keys) => mapOf(keys, await client.mget(keys)),
    close: () => client.quit(),
  }
}

function mapOf(keys, values) {
  return new Map(keys.map((key, index) => [key, values[index]]).filter(([, value]) => value !== null))
}
