import { type Counters, createCounters } from './counters.ts'
import { type Dialect, dialectOf } from './dialect.ts'
import { looseNumbers, type NumberReader, strictNumbers } from './numbers.ts'
import { ServerClock } from './server-clock.ts'
import { Store, type StoreLimits } from './store.ts'

/** What an engine is made of. */
export interface EngineOptions extends StoreLimits {
  readonly version: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly maxConnections: number
}

/** A memcached without sockets: what all of its connections share. Sessions carry out commands on it. */
export class Engine {
  readonly dialect: Dialect
  readonly clock: ServerClock
  readonly counters: Counters
  readonly store: Store
  /** How this version reads numbers, the client flags and exptimes of classic storage commands apart. */
  readonly numbers: NumberReader
  /** How this version reads the length of a value. */
  readonly lengths: NumberReader
  readonly maxConnections: number
  /** Open connections. */
  connections = 0

  constructor(options: EngineOptions) {
    this.dialect = dialectOf(options.version)
    this.clock = new ServerClock(options.now)
    this.counters = createCounters()
    this.store = new Store(this.clock, this.counters, options)
    this.numbers = this.dialect.strictNumbers ? strictNumbers : looseNumbers
    this.lengths = this.dialect.sharedParser ? strictNumbers : looseNumbers
    this.maxConnections = options.maxConnections
  }
}
