import { asAsynchronous } from './sync-facade.ts'

/** A synchronous client. */
export interface Destroyable {
  destroy(): void
}

interface Spare<O extends object, C extends Destroyable> {
  readonly options: O
  readonly client: C
}

interface Taken<O extends object, C extends Destroyable> extends Spare<O, C> {
  readonly facade: ReturnType<typeof asAsynchronous>
}

/** Each is a thread: so many wait for a test with their options. */
const MOST_SPARES = 3

/**
 * Synchronous clients for one test after another, dressed up as asynchronous ones. Each has a thread, whose start takes
 * longer than most tests: the client of a test that used commands alone serves the next test with the same options.
 */
export class SpareClients<O extends object, C extends Destroyable> {
  readonly #make: (options: O) => C
  readonly #taken: Map<object, Taken<O, C>> = new Map()
  readonly #spares: Spare<O, C>[] = []

  constructor(make: (options: O) => C) {
    this.#make = make
  }

  /** Gives a client with these options. */
  take(options: O): ReturnType<typeof asAsynchronous>['client'] {
    const at = this.#spares.findIndex((spare) => isSame(spare.options, options))
    const client = at === -1 ? this.#make(options) : this.#spares.splice(at, 1)[0]!.client
    const facade = asAsynchronous(client)
    this.#taken.set(facade.client, { options, client, facade })
    return facade.client
  }

  /** Puts a client with the same options in the place of one that was taken, which is destroyed. */
  replace(taken: object, make: (options: O) => C): void {
    const { facade, options, client } = this.#taken.get(taken)!
    this.#taken.delete(taken)
    client.destroy()
    const other = make(options)
    facade.replace(other)
    this.#taken.set(taken, { options, client: other, facade })
  }

  /** Takes back what the test has taken. */
  takeBack(): void {
    for (const { facade, options, client } of this.#taken.values()) {
      if (facade.isChanged || this.#spares.length === MOST_SPARES) client.destroy()
      else this.#spares.push({ options, client })
    }
    this.#taken.clear()
  }

  destroy(): void {
    for (const { client } of this.#spares.splice(0)) client.destroy()
  }
}

function isSame(some: object, other: object): boolean {
  const [entries, others] = [Object.entries(some), new Map(Object.entries(other))]
  return entries.length === others.size && entries.every(([name, value]) => Object.is(others.get(name), value))
}
