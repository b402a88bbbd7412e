// Settings: `timeout` as the scenario says, the rest are defaults. It reports failures as `error` events, so it gets a listener.
import { Memcache } from 'memcache'

export async function open({ servers, timeoutMs, ca }) {
  const nodes = servers.map(({ host, port }) => `${host}:${port}`)
  const tls = ca === undefined ? {} : { tls: { ca, servername: 'localhost' } }
  const client = new Memcache({ nodes, timeout: timeoutMs, ...tls })
  client.on('error', () => undefined)
  return {
    get: (key) => client.get(key),
    set: (key, value, ttl = 0) => client.set(key, value, ttl),
    add: (key, value) => client.add(key, value),
    append: (key, value) => client.append(key, value),
    incr: (key, delta) => client.incr(key, delta),
    delete: (key) => client.delete(key),
    getMany: (keys) => client.gets(keys),
    version: () => client.version(),
    addServer: (address) => client.addNode(address),
    removeServer: (address) => client.removeNode(address),
    close: () => client.disconnect(),
  }
}
