import { setImmediate as turn } from 'node:timers/promises'
import type { Memcache } from '../../src/client/memcache.ts'
import { MemcacheError } from '../../src/errors.ts'
import { settleAll, until } from './eventually.ts'

interface Tracked {
  /** Of the last write that was tried. */
  tried: number
  /** Of the last write that was acknowledged. */
  acknowledged: number
}

/** A loaded machine may be late; a hang is later. */
const HANG_MS = 15_000

/**
 * Writes and reads of keys that nobody else writes, each value with its key and a number that grows. A read must give
 * nothing, or nothing older than the last write that was acknowledged; anything else is noted in `wrong`.
 */
export class VersionedLoad {
  readonly #cache: Memcache
  readonly #keys: Map<string, Tracked>
  readonly #workers: Promise<void>[]
  #stopped = false
  answered = 0
  hits = 0
  readonly failures: Map<string, number> = new Map()
  readonly wrong: string[] = []

  constructor(cache: Memcache, keys: readonly string[], workers = 10) {
    this.#cache = cache
    this.#keys = new Map(keys.map((key) => [key, { tried: 0, acknowledged: 0 }]))
    this.#workers = Array.from({ length: workers }, (_, at) => this.#work(at, workers))
  }

  async #work(worker: number, workers: number): Promise<void> {
    const own = [...this.#keys].filter((_, at) => at % workers === worker)
    for (let round = 0; !this.#stopped; round++) {
      for (const [key, tracked] of own) await this.#step(key, tracked, round)
      await turn()
    }
  }

  /** Writes in one round of three; deletes in one of thirty. */
  async #step(key: string, tracked: Tracked, round: number): Promise<void> {
    if (this.#stopped) return
    if (round % 30 === 29) await this.#delete(key, tracked)
    else if (round % 3 === 0) await this.#write(key, tracked)
    else await this.#read(key, tracked)
  }

  async #write(key: string, tracked: Tracked): Promise<void> {
    const version = ++tracked.tried
    const stored = await this.#settle(this.#cache.set(key, `${key}|${version}`))
    if (stored === true) tracked.acknowledged = version
  }

  async #delete(key: string, tracked: Tracked): Promise<void> {
    const version = ++tracked.tried
    const deleted = await this.#settle(this.#cache.delete(key))
    // Whatever is read from now on must have been written later.
    if (deleted !== undefined) tracked.acknowledged = version
  }

  async #read(key: string, tracked: Tracked): Promise<void> {
    const value = (await this.#settle(this.#cache.get<string>(key))) as string | undefined
    if (value === undefined) return
    this.hits++
    const [name, version] = value.split('|')
    if (name !== key || Number(version) < tracked.acknowledged || Number(version) > tracked.tried) {
      this.wrong.push(`${key}: read ${value}, acknowledged ${tracked.acknowledged}, tried ${tracked.tried}`)
    }
  }

  async #settle(call: Promise<unknown>): Promise<unknown> {
    const [outcome] = await settleAll([call], HANG_MS)
    if (outcome!.status === 'fulfilled') {
      this.answered++
      return outcome!.value
    }
    const reason: unknown = outcome!.reason
    if (!(reason instanceof MemcacheError)) this.wrong.push(String(reason))
    const code = reason instanceof MemcacheError ? reason.code : 'unknown'
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1)
    return undefined
  }

  /** How many calls failed. */
  get failed(): number {
    return [...this.failures.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Waits for `count` more answers. */
  async more(count: number): Promise<void> {
    const goal = this.answered + count
    await until(() => this.answered >= goal || this.wrong.length > 0, `${count} more answers`, 30_000)
  }

  /** Waits for a stretch of `count` answers without a failure between. */
  async steady(count: number): Promise<void> {
    for (;;) {
      const before = this.failed
      await this.more(count)
      if (this.failed === before || this.wrong.length > 0) return
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#workers)
  }
}
