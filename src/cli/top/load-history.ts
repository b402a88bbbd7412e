import type { Load, ServerLoad } from './server-load.ts'
import { totalLoad } from './server-load.ts'

/** Rounds that are kept: as many as the widest terminals show. */
const ROUNDS = 600

/** Loads of the last rounds, for charts: of each server, and of all together. */
export class LoadHistory {
  readonly #byServer: Map<string, (Load | undefined)[]> = new Map()
  readonly #all: (Load | undefined)[] = []

  /** Adds a round. */
  add(round: readonly ServerLoad[]): void {
    for (const { server, load } of round) {
      const loads = this.#byServer.get(server)
      if (loads === undefined) this.#byServer.set(server, [load])
      else push(loads, load)
    }
    push(this.#all, totalLoad(round.flatMap(({ load }) => load ?? [])))
  }

  /** Loads of a server, or of all without a name, oldest first; undefined where it did not answer. */
  of(server: string | undefined): readonly (Load | undefined)[] {
    return server === undefined ? this.#all : (this.#byServer.get(server) ?? [])
  }
}

function push(loads: (Load | undefined)[], load: Load | undefined): void {
  loads.push(load)
  if (loads.length > ROUNDS) loads.shift()
}
