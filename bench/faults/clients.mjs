/**
 * The clients of the table. `features` says what a scenario may ask of one; a scenario that needs more is marked `–`.
 * `protocol` says in which form a proxy must answer, `adapter` which file of `clients/` speaks to the package.
 */
const EVERYTHING = ['several', 'members', 'cas', 'tls', 'login', 'batch', 'version']

export const CLIENTS = [
  memlane('memlane', 'meta'),
  memlane('memlane-meta', 'MetaClient', { features: ['several', 'tls', 'login'] }),
  memlane('memlane-text', 'text'),
  memlane('memlane-tls', 'TLS', { tls: true }),
  memlane('memlane-cluster', 'cluster', { spares: 2 }),
  memlane('memlane-sync', 'sync', { isSync: true, features: EVERYTHING.filter((name) => name !== 'members') }),
  memlane('memlane-compat', 'shim', { adapter: 'memcached', features: ['several', 'cas', 'batch', 'version'] }),
  rival('memjs', { protocol: 'binary', features: ['several', 'login'] }),
  rival('memcached', { features: ['several', 'cas', 'batch', 'version'] }),
  rival('memcache', { features: ['several', 'members', 'tls', 'batch', 'version'] }),
  rival('memcache-client', { features: ['tls', 'cas', 'batch', 'version'] }),
  rival('ioredis', { protocol: 'redis', features: ['tls', 'login', 'batch'] }),
  rival('redis', { protocol: 'redis', features: ['tls', 'login', 'batch'] }),
]

function memlane(name, variant, parts = {}) {
  const defaults = { protocol: 'text', adapter: 'memlane', features: EVERYTHING, isSync: false, tls: false, spares: 0 }
  return { ...defaults, name, variant, package: 'memlane', ...parts }
}

function rival(name, parts) {
  const defaults = { protocol: 'text', adapter: name, isSync: false, tls: false, spares: 0 }
  return { ...defaults, name, variant: name, package: name, ...parts }
}

/** The client of this name; throws an error that lists the names. */
export function findClient(name) {
  const found = CLIENTS.find((client) => client.name === name)
  if (found === undefined)
    throw new Error(`no client "${name}"; there are ${CLIENTS.map((one) => one.name).join(', ')}`)
  return found
}
