import type { Generation } from './generation.ts'

/** A question for the present prefix. */
export interface PrefixQuestion {
  readonly answer: Promise<string>
  /** Called when the call that asked waits no longer. */
  readonly leave: () => void
}

/** Source of the prefix of a namespace's keys, which changes with every `clear`. */
export interface PrefixSource {
  /** Key of the item that holds the generation. */
  readonly itemKey: string
  /** The last prefix known, however long ago it was read. */
  readonly known: string | undefined
  /** The prefix, if it was read a short time ago, or could not be read a short time ago. */
  readonly fresh: string | undefined
  /** Asks the servers; gives the last prefix known when they do not answer. */
  ask(): PrefixQuestion
}

/** The prefix of a namespace with generations: that of the namespace around it, its own, and its generation. */
export class GenerationPrefix implements PrefixSource {
  readonly itemKey: string
  readonly #outer: PrefixSource | undefined
  readonly #prefix: string
  readonly #generation: Generation

  constructor(itemKey: string, outer: PrefixSource | undefined, prefix: string, generation: Generation) {
    this.itemKey = itemKey
    this.#outer = outer
    this.#prefix = prefix
    this.#generation = generation
  }

  get known(): string | undefined {
    return this.#join(this.#outer === undefined ? '' : this.#outer.known, this.#generation.known)
  }

  get fresh(): string | undefined {
    return this.#join(this.#outer === undefined ? '' : this.#outer.fresh, this.#generation.fresh)
  }

  /** All generations that are due are asked for at a time, so that they leave together. */
  ask(): PrefixQuestion {
    const outer = this.#askOuter()
    const { fresh } = this.#generation
    const answer = fresh === undefined ? this.#generation.read() : Promise.resolve(fresh)
    const leaveOwn = fresh === undefined ? this.#generation.join() : undefined
    return {
      answer: Promise.all([outer.answer, answer]).then(([before, number]) => this.#join(before, number)!),
      leave: () => {
        outer.leave()
        leaveOwn?.()
      },
    }
  }

  #askOuter(): PrefixQuestion {
    const fresh = this.#outer === undefined ? '' : this.#outer.fresh
    return fresh === undefined ? this.#outer!.ask() : { answer: Promise.resolve(fresh), leave: () => undefined }
  }

  #join(outer: string | undefined, generation: bigint | undefined): string | undefined {
    return outer === undefined || generation === undefined ? undefined : `${outer}${this.#prefix}${generation}:`
  }
}
