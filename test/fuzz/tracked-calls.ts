import { inspect } from 'node:util'
import type { Memcache } from '../../src/client/memcache.ts'
import type { CallOptions } from '../../src/exports/index.ts'

/** One call of a random stream. */
export interface TrackedCall {
  readonly name: string
  readonly start: (cache: Memcache, options: CallOptions) => Promise<unknown>
  /** Texts of which one reaches a server if this call was written, and none otherwise; none where that cannot be said. */
  readonly tokens?: readonly string[]
  /** The same by key, for batches. */
  readonly tokensByKey?: ReadonlyMap<string, readonly string[]>
  /** What is wrong with the result; undefined: nothing. */
  readonly check?: (result: unknown) => string | undefined
}

/** Filler that makes a value large enough to be split, and looks like replies. */
const LARGE = '\r\nEND\r\nVALUE x 0 1\r\nx\r\nEND\r\nSTORED\r\n'.repeat(300)

/** Properties of the client that the calls are for. */
export interface CallMakerOptions {
  /** Whether it may be asked for its own last write of a key. */
  readonly hasDiaries: boolean
  /** Whether it stores large values in chunks. */
  readonly inChunks: boolean
}

/** Makes calls about keys that all callers share, or about one of its own where the server must be asked by a name. */
export class CallMaker {
  readonly #random: () => number
  readonly #keys: readonly string[]
  readonly #label: string
  readonly #inChunks: boolean
  readonly #diaries: readonly Diary[]
  #count = 0

  constructor(random: () => number, label: string, { hasDiaries, inChunks }: CallMakerOptions) {
    this.#random = random
    this.#inChunks = inChunks
    this.#label = label
    this.#diaries = hasDiaries ? Array.from({ length: 6 }, (_, at) => new Diary(`${label}:diary:${at}`)) : []
    this.#keys = Array.from({ length: 12 }, (_, at) => `${label}:shared:${at}`)
  }

  next(): TrackedCall {
    const kinds = [
      () => this.#read(),
      () => this.#readMany(),
      () => this.#write(),
      () => this.#writeMany(),
      () => this.#own(),
      () => this.#compound(),
      () => this.#diary(),
    ]
    return this.#pick(kinds)()
  }

  #diary(): TrackedCall {
    const free = this.#diaries.filter(({ isBusy }) => !isBusy)
    return free.length === 0 ? this.#read() : this.#pick(free).next(this.#random())
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!
  }

  #token(): string {
    return `#${this.#label}.${this.#count++}#`
  }

  /** A value names its key, and ends in the token. Chunks that were stored prove nothing: the item is stored last. */
  #valueFor(key: string, token: string): { readonly value: string; readonly tokens: readonly string[] } {
    const isLarge = this.#random() < 0.08
    return { value: `${key}|${isLarge ? LARGE : ''}${token}`, tokens: isLarge && this.#inChunks ? [] : [token] }
  }

  #read(): TrackedCall {
    const key = this.#pick(this.#keys)
    const check = (result: unknown): string | undefined => foreign(key, result)
    return this.#pick<TrackedCall>([
      { name: 'get', start: (cache, options) => cache.get(key, options), check },
      {
        name: 'gets',
        start: async (cache, options) => (await cache.gets(key, options))?.value,
        check,
      },
      { name: 'gat', start: (cache, options) => cache.gat(key, 100, options), check },
      { name: 'has', start: (cache, options) => cache.has(key, options), check: isBoolean },
    ])
  }

  #readMany(): TrackedCall {
    const keys = this.#keys.filter(() => this.#random() < 0.5)
    return {
      name: 'getMany',
      start: (cache, options) => cache.getMany(keys, options),
      check: (result) => firstOf(result as Map<string, unknown>, foreign),
    }
  }

  #write(): TrackedCall {
    const key = this.#pick(this.#keys)
    const token = this.#token()
    const { value, tokens } = this.#valueFor(key, token)
    const about = { tokens, check: isBoolean }
    return this.#pick<TrackedCall>([
      { name: 'set', start: (cache, options) => cache.set(key, value, options), ...about },
      { name: 'set', start: (cache, options) => cache.set(key, value, { ...options, ttl: 100 }), ...about },
      { name: 'add', start: (cache, options) => cache.add(key, value, options), ...about },
      { name: 'replace', start: (cache, options) => cache.replace(key, value, options), ...about },
      // Also to an empty item that `getOrSet` left: a value names its key all the same.
      {
        name: 'append',
        start: (cache, options) => cache.append(key, `${key}|${token}`, options),
        ...about,
        tokens: [token],
      },
      { name: 'cas', start: (cache, options) => cache.cas(key, value, 5n, options), tokens },
      { name: 'noreply.set', start: (cache, options) => cache.noreply.set(key, value, options), tokens },
    ])
  }

  #writeMany(): TrackedCall {
    const keys = this.#keys.filter(() => this.#random() < 0.4)
    const made = keys.map((key) => ({ key, ...this.#valueFor(key, this.#token()) }))
    const entries = made.map(({ key, value }): [string, string] => [key, value])
    const tokensByKey = new Map(made.map(({ key, tokens }) => [key, tokens]))
    return { name: 'setMany', start: (cache, options) => cache.setMany(entries, options), tokensByKey }
  }

  /**
   * Commands without a value of their own, on a key of their own. The command is a part of the token: a server that comes back is
   * sent deletions of keys, which also say nothing of `delete`.
   */
  #own(): TrackedCall {
    const key = `${this.#label}:own:${this.#count++}`
    const counting = [`ma ${key} `, `incr ${key} `, `decr ${key} `]
    const touching = [`mg ${key} T`, `touch ${key} `]
    return this.#pick<TrackedCall>([
      { name: 'incr', start: (cache, options) => cache.incr(key, 1, options), tokens: counting, check: isMiss },
      { name: 'decr', start: (cache, options) => cache.decr(key, 1, options), tokens: counting, check: isMiss },
      { name: 'touch', start: (cache, options) => cache.touch(key, 100, options), tokens: touching, check: isBoolean },
      { name: 'delete', start: (cache, options) => cache.delete(key, options), check: isBoolean },
      { name: 'get', start: (cache, options) => cache.get(key, options), check: isMiss },
      {
        name: 'incr with initial',
        start: (cache, options) => cache.incr(key, 1, { ...options, initial: 1 }),
        check: isOne,
      },
    ])
  }

  /** Calls of several commands: their failures are about one of them, so that those before it may have been sent. */
  #compound(): TrackedCall {
    const key = this.#pick(this.#keys)
    const token = this.#token()
    const { value } = this.#valueFor(key, token)
    const check = (result: unknown): string | undefined => foreign(key, result)
    return this.#pick<TrackedCall>([
      { name: 'update', start: (cache, options) => cache.update(key, () => value, options), check },
      {
        name: 'getOrSet',
        start: (cache, options) => cache.getOrSet(key, () => value, { ...options, ttl: 100, waitMs: 200 }),
        check,
      },
      { name: 'pop', start: (cache, options) => cache.pop(key, options), check },
      {
        name: 'getOrSetMany',
        start: (cache, options) =>
          cache.getOrSetMany([key], (missing) => new Map([...missing].map((one) => [one, value])), {
            ...options,
            ttl: 100,
            waitMs: 200,
          }),
        check: (result) => firstOf(result as Map<string, unknown>, foreign),
      },
    ])
  }
}

/**
 * A key with one writer, which waits for each of its calls. What was stored for certain, and then replaced for certain, must
 * not be read again. A write whose answer did not come may be carried out at any time, as no client can call it back.
 */
class Diary {
  readonly #key: string
  #isBusy = false
  #last = 0
  /** Last value that was certainly stored, or 0: certainly none. */
  #stored = 0
  readonly #open: Set<number> = new Set()

  constructor(key: string) {
    this.#key = key
  }

  get isBusy(): boolean {
    return this.#isBusy
  }

  next(chance: number): TrackedCall {
    this.#isBusy = true
    const start = async (run: Promise<unknown>): Promise<unknown> => {
      try {
        return await run
      } finally {
        this.#isBusy = false
      }
    }
    if (chance < 0.5) {
      const check = (result: unknown): string | undefined => this.#problemOf(result)
      return { name: 'own get', start: (cache, options) => start(cache.get(this.#key, options)), check }
    }
    if (chance < 0.65) return { name: 'own delete', start: (cache, options) => start(this.#delete(cache, options)) }
    const value = ++this.#last
    return { name: 'own set', start: (cache, options) => start(this.#set(cache, value, options)) }
  }

  async #set(cache: Memcache, value: number, options: CallOptions): Promise<unknown> {
    this.#open.add(value)
    const result = await cache.set(this.#key, value, options)
    this.#open.delete(value)
    this.#stored = value
    return result
  }

  async #delete(cache: Memcache, options: CallOptions): Promise<unknown> {
    const result = await cache.delete(this.#key, options)
    this.#stored = 0
    return result
  }

  #problemOf(result: unknown): string | undefined {
    if (result === undefined || result === this.#stored || this.#open.has(result as number)) return undefined
    return `${this.#key} gave ${show(result)} after ${this.#stored} was stored`
  }
}

function foreign(key: string, result: unknown): string | undefined {
  if (result === undefined || (typeof result === 'string' && result.startsWith(`${key}|`))) return undefined
  return `${key} got ${show(result)}`
}

function firstOf(
  found: Map<string, unknown>,
  check: (key: string, result: unknown) => string | undefined,
): string | undefined {
  for (const [key, value] of found) {
    const problem = check(key, value)
    if (problem !== undefined) return problem
  }
  return undefined
}

function isBoolean(result: unknown): string | undefined {
  return typeof result === 'boolean' ? undefined : `gave ${show(result)}`
}

function isMiss(result: unknown): string | undefined {
  return result === undefined ? undefined : `gave ${show(result)}`
}

/** A count that may have been carried out before, and was repeated by nobody. */
function isOne(result: unknown): string | undefined {
  return result === 1 ? undefined : `counted to ${show(result)}`
}

function show(result: unknown): string {
  return inspect(result).slice(0, 60)
}
