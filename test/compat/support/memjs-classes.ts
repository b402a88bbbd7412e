import Original from 'memjs'
import { Client } from '../../../src/compat/memjs/client.ts'

/** A client whose methods are called by name, with arguments that may be wrong. */
export interface MemjsClient {
  call(method: string, ...args: unknown[]): unknown
  close(): void
}

/** The original or the shim. */
export interface MemjsImplementation {
  readonly name: 'original' | 'shim'
  /** What `require('memjs')` gives. */
  readonly module: object
  readonly create: (servers: string, options?: object) => MemjsClient
}

type AnyMethod = (...args: unknown[]) => unknown

function implementation(name: 'original' | 'shim', module: { readonly Client: unknown }): MemjsImplementation {
  const { create } = module.Client as { readonly create: AnyMethod }
  return {
    name,
    module,
    create: (servers, options) => {
      const client = create(servers, options) as object
      const call = (method: string, ...args: unknown[]): unknown =>
        (Reflect.get(client, method) as AnyMethod).apply(client, args)
      return { call, close: () => void call('close') }
    },
  }
}

export const MEMJS_ORIGINAL: MemjsImplementation = implementation('original', Original)
export const MEMJS_SHIM: MemjsImplementation = implementation('shim', { Client })
export const MEMJS_IMPLEMENTATIONS: readonly MemjsImplementation[] = [MEMJS_ORIGINAL, MEMJS_SHIM]
