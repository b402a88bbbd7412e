import type { Stats } from '../../client/stats.ts'
import { type SlabClass, slabClasses } from '../stats/slab-classes.ts'
import { numberIn, type ServerSample } from '../stats/stats-sampler.ts'

/** Answers of a server that the rules look at. */
export interface Answers {
  /** The second of two answers to `stats`. */
  readonly sample: ServerSample
  /** The second of two answers to `stats items`. */
  readonly items: ServerSample
  readonly settings: Stats
  readonly slabs: Stats
  /** Answer to `stats conns`. */
  readonly conns: Stats
  /** Times to the server and back, in milliseconds. */
  readonly pings: readonly number[]
  /** Seconds that the clock of the server is ahead of this one, as far as whole seconds tell; NaN: not known. */
  readonly clockAhead: number
}

/** Numbers of one server; one that the server does not report is 0. */
export class ServerFacts {
  readonly server: string
  readonly stats: Stats
  readonly settings: Stats
  readonly pings: readonly number[]
  readonly clockAhead: number
  /** Seconds between the two samples. */
  readonly seconds: number
  readonly classes: readonly SlabClass[]
  readonly #answers: Answers

  constructor(answers: Answers) {
    const { sample, items, settings, slabs, pings, clockAhead } = answers
    this.#answers = answers
    this.server = sample.server
    this.stats = sample.stats ?? {}
    this.settings = settings
    this.pings = pings
    this.clockAhead = clockAhead
    this.seconds = sample.seconds ?? 0
    this.classes = slabClasses(slabs, items.stats ?? {})
  }

  /** Number of `stats`, since the start or now. */
  count(name: string): number {
    return numberIn(this.stats, name) || 0
  }

  /** Growth of a number of `stats` between the samples. */
  grown(name: string): number {
    return this.#answers.sample.delta(name) || 0
  }

  /** Growth a minute between the samples. */
  perMinute(name: string): number {
    return this.seconds > 0 ? (this.grown(name) / this.seconds) * 60 : 0
  }

  setting(name: string): Stats[string] | undefined {
    return this.settings[name]
  }

  /** Bytes of all slab pages. */
  get malloced(): number {
    return numberIn(this.#answers.slabs, 'total_malloced') || 0
  }

  /** Number of `stats items` of a class. */
  ofClass(id: number, name: string): number {
    return numberIn(this.#answers.items.stats, `items:${id}:${name}`) || 0
  }

  /** Growth of a number of `stats items` of a class between the samples. */
  classGrown(id: number, name: string): number {
    return this.#answers.items.delta(`items:${id}:${name}`) || 0
  }

  /** Connections that were silent for this long, in seconds. */
  silentConnections(seconds: number): number {
    const idle = Object.entries(this.#answers.conns).filter(([name]) => name.endsWith(':secs_since_last_cmd'))
    return idle.filter(([, value]) => Number(value) > seconds).length
  }
}
