import { InvalidInputError } from '../../errors.ts'
import { atCaller } from './error-form.ts'
import type { NumberRange, Shape } from './protocol.ts'
import { RemoteHandle } from './remote-handle.ts'
import type { WorkerLink } from './worker-link.ts'

/** Origin of an object in the worker, from which it can be made again in a fresh worker. */
interface Origin {
  /** Parent object; undefined: the client itself. */
  readonly parent: RemoteHandle | undefined
  readonly name: string
  readonly args: readonly unknown[]
  readonly isGetter: boolean
}

const NOTHING: Origin = { parent: undefined, name: '', args: [], isGetter: false }

interface State {
  id: number
  link: WorkerLink
  readonly origin: Origin
  /** Numbers of the caller's objects given to the object. */
  readonly held: NumberRange[]
  /** Whether a call on the object returned the object: it gathers calls, and cannot be made again without them. */
  gathers: boolean
  /** Handle of the same object in a fresh worker. */
  double: RemoteHandle | undefined
}

/** Place of the calls on an object of the worker: a namespace, or writes without replies. */
export interface RemotePlace {
  readonly namespace?: string
  readonly isQuiet?: boolean
}

/** Functions that run calls on an object in the worker, or on the client itself. */
export interface Ask {
  readonly call: (target: RemoteHandle | undefined, name: string, args: readonly unknown[]) => unknown
  readonly read: (target: RemoteHandle | undefined, name: string) => unknown
}

/** Objects that live in the worker: namespaces, pipelines. */
export class RemoteHandles {
  readonly #ask: Ask
  readonly #states: WeakMap<RemoteHandle, State> = new WeakMap()
  readonly #known: WeakMap<WorkerLink, Map<number, WeakRef<RemoteHandle>>> = new WeakMap()
  readonly #released: WeakMap<WorkerLink, number[]> = new WeakMap()
  readonly #classes: WeakMap<Shape, new () => RemoteHandle> = new WeakMap()
  readonly #gone: FinalizationRegistry<{
    readonly id: number
    readonly link: WorkerLink
    readonly held: NumberRange[]
  }> = new FinalizationRegistry(({ id, link, held }) => {
    for (const range of held) link.references.release(range)
    if (this.#known.get(link)?.get(id)?.deref() !== undefined) return
    this.#known.get(link)?.delete(id)
    this.#released.get(link)?.push(id)
  })
  /** Origin of the object that the present call returns. */
  origin: Origin = NOTHING

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** Returns the object of this number, made if it is new. */
  find(id: number, shape: Shape, link: WorkerLink): RemoteHandle {
    const known = this.#knownOf(link)
    const found = known.get(id)?.deref()
    if (found !== undefined) return found
    const remote = new (this.#classOf(shape))()
    const held: NumberRange[] = []
    this.#states.set(remote, { id, link, origin: this.origin, held, gathers: false, double: undefined })
    known.set(id, new WeakRef(remote))
    this.#gone.register(remote, { id, link, held })
    return remote
  }

  /** Returns the place of calls on an object; undefined for pipelines, which gather calls. */
  placeOf(remote: RemoteHandle): RemotePlace | undefined {
    const { parent, name, args, isGetter } = this.#states.get(remote)!.origin
    if (isGetter && name === 'noreply') return { ...(parent && this.placeOf(parent)), isQuiet: true }
    if (name !== 'namespace') return undefined
    const outer = (parent && this.placeOf(parent)?.namespace) ?? ''
    return { namespace: outer + String(args[0]) }
  }

  /** Returns the number of an object in the present worker, and makes the object again if its worker has died. */
  idOf(remote: RemoteHandle, link: WorkerLink): number {
    const state = this.#states.get(remote)!
    if (state.link === link) return state.id
    if (state.gathers) {
      throw new InvalidInputError(
        'the worker that this pipeline was in has ended, and its commands with it; begin again',
      )
    }
    const { parent, name, args, isGetter } = state.origin
    const ask = this.#ask
    const double = (isGetter ? ask.read(parent, name) : ask.call(parent, name, args)) as RemoteHandle
    const made = this.#states.get(double)!
    state.double = double
    state.id = made.id
    state.link = made.link
    return made.id
  }

  /**
   * Keeps the arguments of a call for as long as the resulting object may need them; returns whether there is such an
   * object. Every call gathered by a pipeline results in the pipeline. Any other call needs nothing once it has
   * returned.
   */
  hold(target: RemoteHandle | undefined, result: unknown, numbers: readonly NumberRange[]): boolean {
    // Any value can be a result, even a proxy: do not read it.
    const state = this.#states.get(result as RemoteHandle)
    if (state === undefined) return false
    if (result === target) state.gathers = true
    state.held.push(...numbers)
    return true
  }

  /** Takes the numbers of objects that the caller no longer has. */
  takeReleased(link: WorkerLink): number[] {
    return this.#released.get(link)?.splice(0) ?? []
  }

  #knownOf(link: WorkerLink): Map<number, WeakRef<RemoteHandle>> {
    const known = this.#known.get(link) ?? new Map<number, WeakRef<RemoteHandle>>()
    this.#known.set(link, known)
    if (!this.#released.has(link)) this.#released.set(link, [])
    return known
  }

  #classOf(shape: Shape): new () => RemoteHandle {
    const known = this.#classes.get(shape)
    if (known !== undefined) return known
    const ask = this.#ask
    const made = class extends RemoteHandle {}
    for (const name of shape.methods) {
      const call = function (this: RemoteHandle, ...args: unknown[]): unknown {
        // Without its object the call would go to the client itself.
        if (!(this instanceof RemoteHandle)) throw new TypeError(`${name} must be called on its object`)
        try {
          return ask.call(this, name, args)
        } catch (error) {
          throw atCaller(error, call)
        }
      }
      Object.defineProperty(made.prototype, name, { value: call, configurable: true, writable: true })
    }
    for (const name of shape.getters) {
      const get = function (this: RemoteHandle): unknown {
        if (!(this instanceof RemoteHandle)) throw new TypeError(`${name} must be read from its object`)
        return ask.read(this, name)
      }
      Object.defineProperty(made.prototype, name, { get, configurable: true })
    }
    this.#classes.set(shape, made)
    return made
  }
}
