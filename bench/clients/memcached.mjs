// Settings: `poolSize: 2`. Of 1, 2, 4, 10 (its default) and 32 it was as fast as any for reads and the fastest for sets.
// TCP_NODELAY is always on. The pool is filled first: calls that find it full while it is connecting wait a second.
// For the same reason `idle` is raised from 5 s to 10 min: connections are idle while other clients are measured.
// JSON is its own: what is not a text, number or Buffer.
import Memcached from 'memcached'

const POOL_SIZE = 2
const IDLE_MS = 600_000

export async function connect([{ host, port }], { cold }) {
  const client = new Memcached(`${host}:${port}`, { poolSize: POOL_SIZE, idle: IDLE_MS })
  const get = (key) =>
    new Promise((resolve, reject) => client.get(key, (error, value) => (error ? reject(error) : resolve(value))))
  if (!cold) await Promise.all(Array.from({ length: POOL_SIZE }, () => get('connect')))
  return {
    get,
    set: (key, value) =>
      new Promise((resolve, reject) =>
        client.set(key, value, 0, (error, stored) => (error ? reject(error) : resolve(stored))),
      ),
    getMany: (keys) =>
      new Promise((resolve, reject) =>
        client.getMulti(keys, (error, found) => (error ? reject(error) : resolve(found))),
      ),
    pick: (found, key) => found[key],
    close: async () => client.end(),
  }
}
