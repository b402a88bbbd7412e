import type * as dns from 'node:dns/promises'
import type * as net from 'node:net'
import type * as tls from 'node:tls'
import { ConnectError } from '../errors.ts'

/** Node's modules that not every runtime has. None of them is imported: the library loads where they are absent. */
interface NodeModules {
  readonly 'node:dns/promises': typeof dns
  readonly 'node:net': typeof net
  readonly 'node:tls': typeof tls
}

/** Returns a module of the runtime; undefined where it has none of that name. */
export function findNodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  // Runtimes without these modules may be without `process`, or its method, as well.
  const runtime: { readonly process?: Partial<Pick<NodeJS.Process, 'getBuiltinModule'>> } = globalThis
  return runtime.process?.getBuiltinModule?.(name)
}

/** Whether a stream is a socket of `node:net` or `node:tls`. */
export function isNodeSocket(stream: object): boolean {
  const net = findNodeModule('node:net')
  return net !== undefined && stream instanceof net.Socket
}

/** Returns a module that a connection cannot be made without. Throws `ConnectError` where the runtime has none. */
export function nodeModule<Name extends keyof NodeModules>(name: Name, server: string): NodeModules[Name] {
  const found = findNodeModule(name)
  if (found !== undefined) return found
  const message = `cannot connect to ${server}: this runtime has no ${name}; give the option connect, which opens streams`
  throw new ConnectError(message, { server, delivery: 'not-sent' })
}
