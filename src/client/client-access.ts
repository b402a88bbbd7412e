import type { Backend } from '../seam/executor.ts'
import type { Ttl } from '../ttl.ts'
import type { NamespaceKeys } from './namespace/namespace-keys.ts'
import type { ClientParts } from './parts.ts'

/** The parts of a client, or of a namespace of it, for functions of other entry points. */
export interface ClientAccess {
  readonly backend: Backend
  /** Make, carry out and read commands. */
  readonly parts: ClientParts
  /** Undefined: the owner is a client. */
  readonly namespaceKeys: NamespaceKeys | undefined
  /** Time to live of what a namespace stores. */
  readonly ttl?: Ttl | undefined
}

const accesses: WeakMap<object, ClientAccess> = new WeakMap()

/** Makes the parts of a client or of a namespace known to {@link accessOf}. */
export function registerAccess(owner: object, access: ClientAccess): void {
  accesses.set(owner, access)
}

/** Returns the parts of a client or of a namespace; undefined for anything else. */
export function accessOf(owner: unknown): ClientAccess | undefined {
  return typeof owner === 'object' && owner !== null ? accesses.get(owner) : undefined
}
