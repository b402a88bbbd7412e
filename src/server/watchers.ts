import type { Counters } from './counters.ts'

/** Kinds of events that can be watched, by memcached's names. */
export const watchNames = [
  'fetchers',
  'mutations',
  'evictions',
  'deletions',
  'connevents',
  'proxyreqs',
  'proxyevents',
  'proxyuser',
  'rawcmds',
  'sysevents',
] as const

/** Name of a kind of event that can be watched. */
export type WatchName = (typeof watchNames)[number]

/** Connection that watches; `send` returns false for a line that was dropped, because too many wait already. */
export interface Watcher {
  readonly names: ReadonlySet<WatchName>
  readonly send: (line: string) => boolean
}

/** Watchers of the server's events, and the lines sent to them. */
export class Watchers {
  /** Number of the connection whose command is being run; 0: none. */
  client = 0
  readonly #now: () => number
  readonly #counters: Counters
  readonly #watchers = new Set<Watcher>()
  #watched: ReadonlySet<WatchName> = new Set()
  #lastId = 0

  /** @param now milliseconds since 1970 */
  constructor(now: () => number, counters: Counters) {
    this.#now = now
    this.#counters = counters
  }

  get size(): number {
    return this.#watchers.size
  }

  /** Checks whether a watcher wants the event: check before making a line. */
  wants(name: WatchName): boolean {
    return this.#watched.size > 0 && this.#watched.has(name)
  }

  add(watcher: Watcher): void {
    this.#watchers.add(watcher)
    this.#watched = this.#allNames()
  }

  remove(watcher: Watcher): void {
    this.#watchers.delete(watcher)
    this.#watched = this.#allNames()
  }

  /** Sends a line to the watchers that want it. */
  tell(name: WatchName, text: string): void {
    const line = `${this.#stamp()} ${text}\n`
    for (const watcher of this.#watchers) {
      if (!watcher.names.has(name)) continue
      if (watcher.send(line)) this.#counters.watcherSent++
      else this.#counters.watcherSkipped++
    }
  }

  #allNames(): ReadonlySet<WatchName> {
    return new Set(Array.from(this.#watchers, (watcher) => [...watcher.names]).flat())
  }

  /** Returns the prefix of a line. memcached does not pad the microseconds. */
  #stamp(): string {
    const now = this.#now()
    return `ts=${Math.floor(now / 1000)}.${Math.floor(now % 1000) * 1000} gid=${++this.#lastId}`
  }
}
