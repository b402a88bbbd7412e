import { atCaller } from './bridge/error-form.ts'
import { shapeOf } from './bridge/protocol.ts'
import type { SyncCore } from './sync-core.ts'
import { traceCall } from './trace-call.ts'

/** Command with an implementation of its own. */
export type OwnCommand = (core: SyncCore, args: readonly unknown[]) => unknown

/**
 * Adds to a class of synchronous clients every method and getter of the asynchronous class that it lacks: each calls
 * the worker, by name.
 *
 * @param coreOf - Returns the core that runs the calls of a client.
 * @param own - Commands with an implementation of their own.
 */
export function addCommands<C extends object>(
  target: C,
  source: object,
  coreOf: (client: C) => SyncCore,
  own: Readonly<Record<string, OwnCommand>> = {},
): void {
  const { methods, getters } = shapeOf(source)
  for (const name of methods.filter((method) => !Object.hasOwn(target, method))) {
    const run: OwnCommand = own[name] ?? ((core, args) => core.call(undefined, name, args))
    const command = function (this: C, ...args: unknown[]): unknown {
      try {
        const core = coreOf(this)
        return traceCall(core.place, name, args, (told) => run(core, told))
      } catch (error) {
        throw atCaller(error, command)
      }
    }
    Object.defineProperty(command, 'name', { value: name })
    Object.defineProperty(target, name, { value: command, configurable: true, writable: true })
  }
  for (const name of getters.filter((getter) => !Object.hasOwn(target, getter))) {
    const get = function (this: C): unknown {
      try {
        return coreOf(this).read(undefined, name)
      } catch (error) {
        throw atCaller(error, get)
      }
    }
    Object.defineProperty(target, name, { get, configurable: true })
  }
}
