import type * as crypto from 'node:crypto'
import type * as diagnostics from 'node:diagnostics_channel'
import type * as dns from 'node:dns/promises'
import type Module from 'node:module'
import type * as net from 'node:net'
import type * as tls from 'node:tls'
import type * as util from 'node:util'
import type * as zlib from 'node:zlib'

/**
 * Modules of Node that are taken from the runtime when they are needed. Some runtimes lack them, those that open sockets above
 * all; the others would be a sixth of the time that it takes to import the library.
 */
export interface NodeModules {
  readonly 'node:crypto': typeof crypto
  readonly 'node:diagnostics_channel': typeof diagnostics
  readonly 'node:dns/promises': typeof dns
  readonly 'node:module': typeof Module
  readonly 'node:net': typeof net
  readonly 'node:tls': typeof tls
  readonly 'node:util': typeof util
  readonly 'node:zlib': typeof zlib
}

/** Returns a module of the runtime; undefined where it has none of that name. */
export function findNodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  // Runtimes without these modules may be without `process`, or its method, as well.
  const runtime: { readonly process?: Partial<Pick<NodeJS.Process, 'getBuiltinModule'>> } = globalThis
  return runtime.process?.getBuiltinModule?.(name)
}

/** Returns a module of the runtime. Throws where it has none of that name. */
export function needNodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] {
  const found = findNodeModule(name)
  if (found !== undefined) return found
  throw new Error(`this runtime has no ${name}`)
}
