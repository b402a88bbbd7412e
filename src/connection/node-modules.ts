import { ConnectError } from '../errors.ts'
import { findNodeModule, type NodeModules } from '../node-modules.ts'

/** Checks whether a stream is a socket of `node:net` or `node:tls`. */
export function isNodeSocket(stream: object): boolean {
  const net = findNodeModule('node:net')
  return net !== undefined && stream instanceof net.Socket
}

/** Returns a module that a connection needs. Throws `ConnectError` if the runtime lacks it. */
export function nodeModule<Name extends keyof NodeModules>(name: Name, server: string): NodeModules[Name] {
  const found = findNodeModule(name)
  if (found !== undefined) return found
  const message = `cannot connect to ${server}: this runtime has no ${name}; give the option connect, which opens streams`
  throw new ConnectError(message, { server, delivery: 'not-sent' })
}
