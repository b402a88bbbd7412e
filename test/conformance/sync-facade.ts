import type { Memcache } from '../../src/client/memcache.ts'
import { RemoteHandle } from '../../src/sync/bridge/remote-handle.ts'

/** What the asynchronous clients do without a promise. */
const IMMEDIATE: ReadonlySet<PropertyKey> = new Set([
  'addListener',
  'addServer',
  'checkKey',
  'clone',
  'deserialize',
  'destroy',
  'hash',
  'listenerCount',
  'namespace',
  'off',
  'on',
  'once',
  'pipeline',
  'serialize',
  'serverFor',
])

/** What leaves the client another one than it was, or shows what it has been through. */
const CHANGES: ReadonlySet<PropertyKey> = new Set([
  Symbol.asyncDispose,
  'addListener',
  'addServer',
  'clone',
  'close',
  'destroy',
  'disconnect',
  'off',
  'on',
  'once',
  'quit',
  'removeServer',
  'servers',
])

type Method = (...args: unknown[]) => unknown

/** A synchronous client in the place of an asynchronous one. */
export interface Facade {
  readonly client: Memcache
  /** Whether another test would see that this client was used before. */
  readonly isChanged: boolean
  /** Puts another client in its place. */
  replace(client: object): void
}

/** What is returned is resolved with, what is thrown is rejected with; nothing else is changed. */
export function asAsynchronous(synchronous: object): Facade {
  let target = synchronous
  let isChanged = false
  const client = new Proxy({} as Memcache, {
    get: (_, name) => {
      if (CHANGES.has(name)) isChanged = true
      if (name === Symbol.asyncDispose) return async () => (target as Disposable)[Symbol.dispose]()
      // A promise that resolves to a client asks for it.
      if (name === 'then') return undefined
      return name === 'noreply' ? quietWrites(() => target) : present(target, name, IMMEDIATE)
    },
  })
  return {
    client,
    get isChanged() {
      return isChanged
    },
    replace: (other) => {
      isChanged = true
      target = other
    },
  }
}

/** A closed client refuses the writes, not the view of them. */
function quietWrites(client: () => object): unknown {
  const call = (name: PropertyKey, args: unknown[]): unknown => {
    const writes = Reflect.get(client(), 'noreply') as Record<PropertyKey, Method>
    return writes[name]!(...args)
  }
  return new Proxy(
    {},
    {
      get:
        (_, name) =>
        async (...args: unknown[]) =>
          call(name, args),
    },
  )
}

/** A property as an asynchronous client has it. */
function present(target: object, name: PropertyKey, immediate: ReadonlySet<PropertyKey>): unknown {
  const value: unknown = Reflect.get(target, name)
  if (typeof value !== 'function') return wrap(value, name)
  const call = (...args: unknown[]): unknown => wrap((value as Method).apply(target, args), name)
  if (immediate.has(name)) return call
  return async (...args: unknown[]) => call(...args)
}

/** Pipelines, namespaces and clones have promises too. */
function wrap(value: unknown, name: PropertyKey): unknown {
  if (name === 'clone') return asAsynchronous(value as object).client
  if (!(value instanceof RemoteHandle)) return value
  const isPipeline = 'run' in value
  return new Proxy(value, {
    get: (target, member) => present(target, member, isPipeline && member !== 'run' ? new Set([member]) : IMMEDIATE),
  })
}
