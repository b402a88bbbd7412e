import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'

/** An adapter for ioredis, which talks to a Redis of its own. */
export async function connectIoredis([{ authority, ...address }], { values }, enableAutoPipelining) {
  const tls = authority === undefined ? {} : { tls: { ca: readFileSync(authority) } }
  const client = new Redis({ ...address, ...tls, enableAutoPipelining, lazyConnect: true })
  await client.connect()
  return {
    ...(values === 'json' ? jsonCommands(client) : textCommands(client)),
    getMany: (keys) => client.mget(keys).then((found) => new Map(keys.map((key, index) => [key, found[index]]))),
    pick: (found, key) => found.get(key),
    close: async () => client.disconnect(),
  }
}

function textCommands(client) {
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
  }
}

function jsonCommands(client) {
  return {
    get: async (key) => {
      const text = await client.get(key)
      return text === null ? undefined : JSON.parse(text)
    },
    set: (key, value) => client.set(key, JSON.stringify(value)),
  }
}
