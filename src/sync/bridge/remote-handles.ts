import { InvalidInputError } from '../../errors.ts'
import { atCaller } from './error-form.ts'
import type { NumberRange, Shape } from './protocol.ts'
import { RemoteHandle } from './remote-handle.ts'
import type { WorkerLink } from './worker-link.ts'

/** How an object in the worker came to be, so that it can be made again in a fresh worker. */
interface Origin {
  /** Undefined: the client itself. */
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
  /** Numbers of what the caller gave it. */
  readonly held: NumberRange[]
  /** A call on it gave it back: it gathers calls, and cannot be made again without them. */
  gathers: boolean
  /** Its double in a fresh worker. */
  double: RemoteHandle | undefined
}

/** Where calls on an object of the worker are made: on a namespace, or on writes without answers. */
export interface RemotePlace {
  readonly namespace?: string
  readonly isQuiet?: boolean
}

/** Carries out what is asked of an object in the worker, or of the client itself. */
export interface Ask {
  readonly call: (target: RemoteHandle | undefined, name: string, args: readonly unknown[]) => unknown
  readonly read: (target: RemoteHandle | undefined, name: string) => unknown
}

/** The objects that live in the worker: namespaces, pipelines. */
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
  /** What is being asked for: the origin of what comes back. */
  origin: Origin = NOTHING

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** The object of this number, made if it is new. */
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

  /** Where calls on it are made; undefined for pipelines, which gather them. */
  placeOf(remote: RemoteHandle): RemotePlace | undefined {
    const { parent, name, args, isGetter } = this.#states.get(remote)!.origin
    if (isGetter && name === 'noreply') return { ...(parent && this.placeOf(parent)), isQuiet: true }
    if (name !== 'namespace') return undefined
    const outer = (parent && this.placeOf(parent)?.namespace) ?? ''
    return { namespace: outer + String(args[0]) }
  }

  /** Its number in the present worker, where it is made again if the one that it was in has died. */
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
   * Keeps what a call was given for as long as the object that came of it may need it; says whether there is one. A
   * pipeline comes of every call that it gathers. Any other call needs nothing once it has returned.
   */
  hold(target: RemoteHandle | undefined, result: unknown, numbers: readonly NumberRange[]): boolean {
    // Any value can be a result, also a proxy: nothing is asked of it.
    const state = this.#states.get(result as RemoteHandle)
    if (state === undefined) return false
    if (result === target) state.gathers = true
    state.held.push(...numbers)
    return true
  }

  /** The numbers of objects that nobody has any more. */
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
        // Without its object it would be a call to the client itself.
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
