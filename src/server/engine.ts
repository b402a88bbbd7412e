import { ClientRegistry } from './client-registry.ts'
import { type Counters, createCounters } from './counters.ts'
import { type Dialect, dialectOf, type ServerDialect } from './dialect.ts'
import { looseNumbers, type NumberReader, strictNumbers } from './numbers.ts'
import { PrefixStats } from './prefix-stats.ts'
import { ServerClock } from './server-clock.ts'
import { createSettings, type ServerSettings } from './server-settings.ts'
import { Store, type StoreLimits } from './store.ts'
import { StoreLog } from './store-log.ts'
import { Warnings } from './warnings.ts'
import { Watchers } from './watchers.ts'

/** Options of an engine. */
export interface EngineOptions extends StoreLimits {
  readonly version: string
  readonly dialect?: ServerDialect
  /** Returns the milliseconds since 1970. */
  readonly now: () => number
  readonly maxConnections: number
  readonly disableFlushAll?: boolean
  readonly disableDumping?: boolean
  readonly disableWatch?: boolean
  readonly trackSizes?: boolean
  /** Character that ends the prefix of a key; if given, prefixes are counted from the start. */
  readonly prefixDelimiter?: string | undefined
  /** Called with warnings for the server's operator. */
  readonly onWarning?: ((message: string) => void) | undefined
  /** Action of the `shutdown` command; without it the command is refused. */
  readonly shutDown?: (() => void) | undefined
}

/** Listening address and mode of the server: shown by `stats settings` and `stats conns`. */
export interface Listening {
  readonly host: string
  readonly port: number
  readonly path: string | undefined
  readonly tls: boolean
  readonly login: boolean
  readonly idleTimeoutMs: number
}

/** Memcached without sockets: the state shared by its connections. Sessions run commands on it. */
export class Engine {
  readonly dialect: Dialect
  readonly clock: ServerClock
  readonly counters: Counters
  readonly watchers: Watchers
  readonly warnings: Warnings
  readonly log: StoreLog
  readonly store: Store
  readonly clients: ClientRegistry
  readonly prefixes: PrefixStats
  readonly settings: ServerSettings
  /** Reader of numbers in this version, except client flags and exptimes of classic storage commands. */
  readonly numbers: NumberReader
  /** Reader of value lengths in this version. */
  readonly lengths: NumberReader
  readonly maxConnections: number
  readonly shutDown: (() => void) | undefined
  readonly flushEnabled: boolean
  readonly dumpEnabled: boolean
  readonly watchEnabled: boolean
  /** Whether the engine refuses the commands that Amazon ElastiCache Serverless refuses. */
  readonly isServerless: boolean
  listening: Listening = { host: '', port: 0, path: undefined, tls: false, login: false, idleTimeoutMs: 0 }
  /** Whether keys are being listed: the crawler does one thing at a time. */
  dumping = false
  /** Whether `stats sizes` has a reply: set at the start, or by `stats sizes_enable`. */
  showsSizes: boolean

  constructor(options: EngineOptions) {
    this.dialect = dialectOf(options.version)
    this.settings = createSettings(this.dialect)
    this.clock = new ServerClock(options.now)
    this.counters = createCounters()
    this.watchers = new Watchers(options.now, this.counters)
    this.warnings = new Warnings(options.now, options.onWarning ?? (() => undefined))
    this.log = new StoreLog(this.watchers, this.clock)
    const rules = { ...options, flushDropsRecent: this.dialect.afterDebian12 }
    this.store = new Store(this.clock, this.counters, rules, this.log)
    this.prefixes = new PrefixStats(options.prefixDelimiter)
    this.clients = new ClientRegistry(this.watchers)
    this.numbers = this.dialect.strictNumbers ? strictNumbers : looseNumbers
    this.lengths = this.dialect.sharedParser ? strictNumbers : looseNumbers
    this.maxConnections = options.maxConnections
    this.shutDown = options.shutDown
    this.flushEnabled = options.disableFlushAll !== true
    this.dumpEnabled = options.disableDumping !== true
    this.watchEnabled = options.disableWatch !== true
    this.isServerless = options.dialect === 'elasticache-serverless'
    this.showsSizes = options.trackSizes === true
  }
}
