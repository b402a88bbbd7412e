// Settings: `commandOptions.timeout`, `connectTimeout` and `socketTimeout` as the scenario says (the first and the last are off by
// default; the first ends when a command is written, the last is the only limit for its reply).
import { createClient } from 'redis'

export async function open({ servers: [{ host, port }], timeoutMs, ca, login }) {
  const tls = ca === undefined ? {} : { tls: true, ca, servername: 'localhost' }
  const password = login === undefined ? {} : { password: login.password }
  const client = createClient({
    socket: { host, port, connectTimeout: timeoutMs, socketTimeout: timeoutMs, ...tls },
    commandOptions: { timeout: timeoutMs },
    ...password,
  })
  client.on('error', () => undefined)
  // Goes on trying by itself; commands wait meanwhile, up to their own time.
  client.connect().catch(() => undefined)
  return {
    get: async (key) => (await client.get(key)) ?? undefined,
    set: async (key, value) => (await client.set(key, value)) === 'OK',
    add: async (key, value) => (await client.set(key, value, { NX: true })) === 'OK',
    append: async (key, value) => (await client.append(key, value)) > 0,
    incr: (key, delta) => client.incrBy(key, delta),
    delete: async (key) => (await client.del(key)) === 1,
    getMany: async (keys) => mapOf(keys, await client.mGet(keys)),
    close: () => client.close(),
  }
}

function mapOf(keys, values) {
  return new Map(keys.map((key, index) => [key, values[index]]).filter(([, value]) => value !== null))
}
