import { promisify } from 'node:util'

/** What a callback got. */
export interface Called {
  readonly args: readonly unknown[]
  /** Its `this`. */
  readonly self: unknown
  /** Whether it was called before the call returned. */
  readonly sync: boolean
}

/** A method of a client that ends with a callback; it takes anything, because tests give wrong arguments too. */
export type CallbackMethod = (...args: unknown[]) => unknown

/** Calls a method of a client with a callback, and gives what the callback gets. */
export function callOf(client: object, method: string, ...args: readonly unknown[]): Promise<Called> {
  return new Promise((resolve, reject) => {
    let sync = true
    function callback(this: unknown, ...got: unknown[]): void {
      // Of lists a copy: the original client empties its own when the callback has returned.
      resolve({ args: got.map((arg) => (Array.isArray(arg) ? [...(arg as unknown[])] : arg)), self: this, sync })
    }
    try {
      methodOf(client, method).call(client, ...args, callback)
    } catch (error) {
      reject(error)
    }
    sync = false
  })
}

/** Returns what the callback of a call gets: `[err, value]`. */
export async function argsOf(client: object, method: string, ...args: readonly unknown[]): Promise<readonly unknown[]> {
  return (await callOf(client, method, ...args)).args
}

/** Returns a method of a client as programs make a promise of it: `promisify(client.get).bind(client)`. */
export function promised(client: object, method: string): (...args: unknown[]) => Promise<unknown> {
  return promisify(methodOf(client, method)).bind(client)
}

/** Returns a method of a client, unbound. */
export function methodOf(client: object, method: string): CallbackMethod {
  return Reflect.get(client, method) as CallbackMethod
}
