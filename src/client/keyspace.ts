import { type Dispatcher, type FailureKind, isAbsorbable } from './dispatcher.ts'
import type { Generation } from './generation.ts'

/** What becomes of a call when the generation cannot be read. */
export interface WhenLost {
  readonly kind: FailureKind
  /** What the call gives where such failures are absorbed. */
  readonly instead: () => unknown
}

/** Where the keys of a namespace are: behind its prefix, and behind its generation where it has one. */
export class Keyspace {
  readonly #dispatcher: Dispatcher
  readonly #prefix: string
  readonly #generation: Generation | undefined

  constructor(dispatcher: Dispatcher, prefix: string, generation: Generation | undefined) {
    this.#dispatcher = dispatcher
    this.#prefix = prefix
    this.#generation = generation
  }

  /**
   * Carries out a command on keys behind the present prefix. When the generation is due to be read, that and the command
   * leave together; a command that went to an old generation has done nothing that anybody sees, and is given again.
   */
  async run<T>(lost: WhenLost, command: (prefix: string) => Promise<T>): Promise<T> {
    const generation = this.#generation
    if (generation === undefined) return command(this.#prefix)
    if (generation.fresh !== undefined) return command(this.#prefixOf(generation.fresh))
    const { known } = generation
    const reading = generation.read()
    const early = known === undefined ? undefined : command(this.#prefixOf(known))
    early?.catch(() => undefined)
    return this.#whenRead(reading, lost, (present) =>
      early !== undefined && present === known ? early : command(this.#prefixOf(present)),
    )
  }

  /** The same, for commands that must not go to an old generation: they run loaders, or functions of the caller. */
  async runOnce<T>(lost: WhenLost, command: (prefix: string) => Promise<T>): Promise<T> {
    const generation = this.#generation
    if (generation === undefined) return command(this.#prefix)
    if (generation.fresh !== undefined) return command(this.#prefixOf(generation.fresh))
    return this.#whenRead(generation.read(), lost, (present) => command(this.#prefixOf(present)))
  }

  /** Never an old generation: without the present one the call fails, or gives what a failed call gives. */
  async #whenRead<T>(reading: Promise<bigint>, lost: WhenLost, next: (present: bigint) => Promise<T>): Promise<T> {
    let present: bigint
    try {
      present = await reading
    } catch (error) {
      if (!isAbsorbable(error) || !this.#dispatcher.absorbs(lost.kind)) throw error
      this.#dispatcher.report(error, [`${this.#prefix}generation`])
      return lost.instead() as T | Promise<T>
    }
    return next(present)
  }

  #prefixOf(generation: bigint): string {
    return `${this.#prefix}${generation}:`
  }
}
