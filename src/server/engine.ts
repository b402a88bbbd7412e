import { ClientRegistry } from './client-registry.ts'
import { type Counters, createCounters } from './counters.ts'
import { type Dialect, dialectOf } from './dialect.ts'
import { looseNumbers, type NumberReader, strictNumbers } from './numbers.ts'
import { PrefixStats } from './prefix-stats.ts'
import { ServerClock } from './server-clock.ts'
import { createSettings, type ServerSettings } from './server-settings.ts'
import { Store, type StoreLimits } from './store.ts'
import { StoreLog } from './store-log.ts'
import { Watchers } from './watchers.ts'

/** What an engine is made of. */
export interface EngineOptions extends StoreLimits {
  readonly version: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly maxConnections: number
  /** What the `shutdown` command does; without it the command is refused. */
  readonly shutDown?: (() => void) | undefined
}

/** Where the server listens and how: shown by `stats settings` and `stats conns`. */
export interface Listening {
  readonly host: string
  readonly port: number
  readonly path: string | undefined
  readonly tls: boolean
  readonly login: boolean
  readonly idleTimeoutMs: number
}

/** A memcached without sockets: what all of its connections share. Sessions carry out commands on it. */
export class Engine {
  readonly dialect: Dialect
  readonly clock: ServerClock
  readonly counters: Counters
  readonly watchers: Watchers
  readonly log: StoreLog
  readonly store: Store
  readonly clients: ClientRegistry
  readonly prefixes: PrefixStats = new PrefixStats()
  readonly settings: ServerSettings = createSettings()
  /** How this version reads numbers, the client flags and exptimes of classic storage commands apart. */
  readonly numbers: NumberReader
  /** How this version reads the length of a value. */
  readonly lengths: NumberReader
  readonly maxConnections: number
  readonly shutDown: (() => void) | undefined
  listening: Listening = { host: '', port: 0, path: undefined, tls: false, login: false, idleTimeoutMs: 0 }
  /** `stats sizes_enable` was called. */
  showsSizes = false

  constructor(options: EngineOptions) {
    this.dialect = dialectOf(options.version)
    this.clock = new ServerClock(options.now)
    this.counters = createCounters()
    this.watchers = new Watchers(options.now, this.counters)
    this.log = new StoreLog(this.watchers, this.clock)
    this.store = new Store(this.clock, this.counters, options, this.log)
    this.clients = new ClientRegistry(this.watchers)
    this.numbers = this.dialect.strictNumbers ? strictNumbers : looseNumbers
    this.lengths = this.dialect.sharedParser ? strictNumbers : looseNumbers
    this.maxConnections = options.maxConnections
    this.shutDown = options.shutDown
  }
}
