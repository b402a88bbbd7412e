import { InvalidInputError } from '../errors.ts'
import { checkOptions } from '../known-options.ts'
import { refused } from '../option-checks.ts'
import { showValue } from '../show-value.ts'
import { batchError } from './batch.ts'
import { accessOf } from './client-access.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { CacheClient } from './executor-of.ts'
import type { Generation } from './namespace/generation.ts'
import { createGeneration } from './namespace/generation-item.ts'

/** At most so many versions are remembered; the one that was used longest ago is forgotten, and read again. */
const MAX_KNOWN = 10_000

const DEFAULT_REFRESH_MS = 1000

/** Options of `versions`. */
export interface VersionsOptions {
  /**
   * Milliseconds that a version is trusted after it was read: a `bump` of another process may go unseen so long.
   *
   * @defaultValue `1000`
   */
  readonly refreshMs?: number
}

/** Numbers by name, kept in the cache, that change with every `bump`. */
export class Versions {
  readonly #dispatcher: Dispatcher
  readonly #prefix: string
  readonly #refreshMs: number
  readonly #known: Map<string, Generation> = new Map()
  /** Grows by each version that is forgotten, and by the changes that were seen of it. */
  #forgotten = 0

  /** @internal */
  constructor(dispatcher: Dispatcher, prefix: string, refreshMs: number) {
    this.#dispatcher = dispatcher
    this.#prefix = prefix
    this.#refreshMs = refreshMs
  }

  /**
   * Returns the present versions of names as one text, to be made part of a key: after a `bump` of one of them the text is
   * another. Versions that are due are read together. A version that is missing, or was evicted, is made new from the clock.
   * While the server of a version is out, the last known version is used; no other server answers for it.
   *
   * @returns the versions in the order of the names, in base 36, with dots between them.
   * @throws `MemcacheError` - a version cannot be read, and none is known; whatever the option `failures` says.
   */
  async of(names: readonly string[]): Promise<string> {
    const found = await Promise.all(names.map((name) => this.#versionOf(name)))
    return found.map(showVersion).join('.')
  }

  /**
   * Changes the versions of names. Other processes see it within their `refreshMs`.
   *
   * @throws `BatchError` - some versions could not be changed; `failed` has them by name. Nothing stands in for a server
   * that is out.
   */
  async bump(...names: string[]): Promise<void> {
    await this.change('bump', names)
  }

  /**
   * Changes versions for a call of that name.
   *
   * @internal
   */
  async change(call: string, names: readonly string[]): Promise<void> {
    const distinct = [...new Set(names)]
    const outcomes = await Promise.allSettled(distinct.map(async (name) => this.#generationOf(name).clear()))
    const failed = new Map<string, unknown>()
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') failed.set(distinct[at]!, outcome.reason)
    }
    if (failed.size === 0) return
    const done = distinct.filter((name) => !failed.has(name))
    throw batchError(call, failed, distinct.length, new Map<string, never>(), done)
  }

  /**
   * Returns what the servers say that the versions are; rejects where one does not answer.
   *
   * @internal
   */
  present(names: readonly string[]): Promise<string[]> {
    return Promise.all(names.map(async (name) => showVersion(await this.#generationOf(name).readNow())))
  }

  /**
   * Returns a number that grows whenever this process sees one of these versions change.
   *
   * @internal
   */
  changesOf(names: readonly string[]): number {
    return names.reduce((sum, name) => sum + this.#generationOf(name).changes, this.#forgotten)
  }

  /**
   * Reads the versions that were not read within `refreshMs`; rejects where a server does not answer.
   *
   * @internal
   */
  async refresh(names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        const generation = this.#generationOf(name)
        if (generation.recent === undefined) await generation.readNow()
      }),
    )
  }

  /**
   * Finds out whether versions are still the present ones. One that was read within `refreshMs` is asked for again where it is
   * another: a process with a newer one may have written it.
   *
   * @internal
   */
  areCurrent(
    entries: readonly { readonly names: readonly string[]; readonly versions: readonly string[] }[],
  ): Promise<PromiseSettledResult<boolean>[]> {
    const asked = new Map<string, Promise<string>>()
    for (const { names, versions: known } of entries) {
      for (const [at, name] of names.entries()) this.#askUnless(name, known[at]!, asked)
    }
    return Promise.allSettled(
      entries.map(async ({ names, versions: known }) => {
        const present = await Promise.all(names.map(async (name) => asked.get(name)))
        return present.every((version, at) => version === undefined || version === known[at])
      }),
    )
  }

  #askUnless(name: string, version: string, asked: Map<string, Promise<string>>): void {
    if (asked.has(name)) return
    const generation = this.#generationOf(name)
    const { recent } = generation
    if (recent !== undefined && showVersion(recent) === version) return
    asked.set(name, generation.readNow().then(showVersion))
  }

  async #versionOf(name: string): Promise<bigint> {
    const generation = this.#generationOf(name)
    return generation.fresh ?? generation.read()
  }

  #generationOf(name: string): Generation {
    if (typeof name !== 'string') throw new InvalidInputError(`a version's name is text, got ${showValue(name)}`)
    const known = this.#known.get(name)
    if (known !== undefined) {
      // Behind all others: it was used last.
      this.#known.delete(name)
      this.#known.set(name, known)
      return known
    }
    const generation = createGeneration(this.#dispatcher, this.#prefix + name, this.#refreshMs)
    this.#known.set(name, generation)
    if (this.#known.size > MAX_KNOWN) this.#forgetOldest()
    return generation
  }

  #forgetOldest(): void {
    const [name, generation] = this.#known.entries().next().value!
    this.#forgotten += generation.changes + 1
    this.#known.delete(name)
  }
}

/**
 * Versions by name, each an item of its own (`<prefix><name>`): bookkeeping for whatever depends on several things that change,
 * such as a query on the tables that it reads. Part of the keys, they put out of reach what was stored before a `bump`.
 *
 * @param cache - A `Memcache`.
 * @param prefix - In front of the names, after the client's `keyPrefix`.
 * @throws `InvalidInputError` - an argument cannot be used.
 *
 * @example
 * ```ts
 * const tables = versions(cache, 'tables:')
 * const key = `${await tables.of(['users', 'orders'])}:${hash(query)}`
 * await tables.bump('users') // after a write to the table
 * ```
 */
export function versions(cache: CacheClient, prefix: string, options: VersionsOptions = {}): Versions {
  checkOptions(options, ['refreshMs'], 'versions')
  const { refreshMs = DEFAULT_REFRESH_MS } = options
  if (typeof refreshMs !== 'number' || !(refreshMs >= 0)) throw refused('refreshMs', 'a number, 0 or more', refreshMs)
  if (typeof prefix !== 'string')
    throw new InvalidInputError(`the prefix of versions is text, got ${showValue(prefix)}`)
  const access = accessOf(cache)
  if (access === undefined || access.namespaceKeys !== undefined) {
    throw new InvalidInputError(`versions takes a Memcache, got ${showValue(cache)}`)
  }
  return new Versions(access.parts.dispatcher, prefix, refreshMs)
}

function showVersion(version: bigint): string {
  return version.toString(36)
}
