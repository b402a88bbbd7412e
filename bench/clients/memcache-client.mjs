// Settings: its defaults, one connection and TCP_NODELAY off. With Nagle's algorithm the kernel joins its many small
// writes: 64 gets in flight were a third faster than with `noDelay: true`, one at a time was the same. 2 to 32
// connections gained nothing. JSON is its own: what is not a text, number or Buffer.
import { readFileSync } from 'node:fs'
import { MemcacheClient } from 'memcache-client'

export async function connect([{ host, port, authority }]) {
  const tls = authority === undefined ? {} : { tls: { ca: readFileSync(authority) } }
  const client = new MemcacheClient({ server: { server: `${host}:${port}`, maxConnections: 1 }, ...tls })
  return {
    get: (key) => client.get(key).then(valueIn),
    set: (key, value) => client.set(key, value),
    getMany: (keys) => client.get(keys),
    pick: (found, key) => found[key]?.value,
    close: async () => client.shutdown(),
  }
}

function valueIn(reply) {
  return reply?.value
}
