// Settings: all defaults. One multiplexed connection; text and JSON are chosen by the default serde.
import { Memcache } from '../../dist/index.mjs'

export async function connect({ host, port }, { cold }) {
  const cache = new Memcache(`${host}:${port}`)
  if (!cold) await cache.connect()
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    getMany: (keys) => cache.getMany(keys),
    pick: (found, key) => found.get(key),
    close: () => cache.close(),
  }
}
