import { errorOf } from '../errors.ts'
import type { Key, WireKey } from '../protocol/key.ts'
import type { Interpret } from '../protocol/operation.ts'
import type { ReadBatch } from '../seam/read-batch.ts'
import { detachAll } from '../seam/reads.ts'
import type { BatchWindow } from './batch.ts'
import { type GetManyOptions, type HandedOnOptions, WRITTEN_BEFORE } from './call-options.ts'
import { type Dispatcher, ownKey } from './dispatcher.ts'
import { withPrefix } from './entries.ts'
import { checkTimeout } from './numbers.ts'
import { ReadCall } from './read-call.ts'

/** Result of many reads. */
export interface Findings<K extends Key> {
  /** The keys of the call, each once. */
  readonly asked: readonly K[]
  /** The hits, in the order of the call. */
  readonly found: Map<K, unknown>
  /** The failures, in the order of the call. */
  readonly failed: Map<K, unknown>
}

/** Keys in the form that reads need. */
interface PreparedKeys {
  /** Each wire key once. */
  readonly keys: WireKey[]
  /** The caller's key that each wire key was made of. */
  readonly callerKeys: readonly Key[]
  /** Keys that servers are chosen by; undefined: the caller's keys. */
  readonly routingKeys: Key[] | undefined
  /** Index of the read that gives the value of each key of the call; undefined: each key has its own read. */
  readonly sources: readonly number[] | undefined
}

/** Reads many keys, each once, and gives what was found in the order of the call. */
export class ManyReads {
  readonly #dispatcher: Dispatcher
  readonly #window: number
  readonly #dispatch: (batch: ReadBatch) => void
  readonly #dispatchEach: (batch: ReadBatch) => void

  constructor(dispatcher: Dispatcher, { operations }: BatchWindow) {
    this.#dispatcher = dispatcher
    this.#window = operations
    this.#dispatch = (batch) => dispatcher.dispatchReads(batch)
    // The facts about each read are on its own operation.
    this.#dispatchEach = (batch) => detachAll(batch, dispatcher)
  }

  /**
   * Reads the keys.
   *
   * @param keys - Not copied: no list that the user of the client can change.
   * @param missing - What `interpret` gives for a key that is not there.
   */
  async run<K extends Key>(
    request: ReadBatch['request'],
    keys: readonly K[],
    interpret: Interpret,
    missing: unknown,
    options: (GetManyOptions & HandedOnOptions) | undefined,
  ): Promise<Findings<K>> {
    // Finds keys that are there twice, and becomes the result where every key is found.
    const found = new Map<K, unknown>()
    for (const key of keys) found.set(key, missing)
    const asked = found.size === keys.length ? keys : [...found.keys()]
    const { keys: wireKeys, callerKeys, routingKeys, sources } = this.#prepare(asked, options)
    const writtenBefore = options?.[WRITTEN_BEFORE] === true
    const call = new ReadCall({
      request,
      callerKeys,
      keys: wireKeys,
      routingKeys,
      timeoutMs: this.#timeoutMs(asked, options),
      writtenBefore,
      interpret,
      missing,
      window: this.#window,
      dispatch: writtenBefore ? this.#dispatchEach : this.#dispatch,
    })
    const results = await call.run(options?.signal)
    // Only now, so that the order is the caller's whichever answer came first.
    return {
      asked,
      found: foundOf(found, asked, results, missing, sources),
      failed: failuresInOrder(request.command, asked, sources, call.failed),
    }
  }

  #timeoutMs(asked: readonly Key[], options: GetManyOptions | undefined): number {
    // Without a key nothing is looked at.
    if (options?.timeoutMs === undefined || asked.length === 0) return this.#dispatcher.timeoutMs
    return checkTimeout(options.timeoutMs)
  }

  #prepare(asked: readonly Key[], options: GetManyOptions | undefined): PreparedKeys {
    if (!asked.every(isText)) return this.#prepareUnique(asked, options)
    const isRoutedPlainly = options?.keyPrefix === undefined && this.#dispatcher.routesPlainly(options)
    const routingKeys: Key[] | undefined = isRoutedPlainly ? undefined : []
    const keys = asked.map((key) => {
      const whole = withPrefix(options?.keyPrefix, key)
      const wireKey = this.#dispatcher.encodeKey(whole)
      routingKeys?.push(this.#dispatcher.routingKey(whole, options))
      return wireKey
    })
    return { keys, callerKeys: asked, routingKeys, sources: undefined }
  }

  /** Where a key is given as bytes, equal keys of either form share one read. */
  #prepareUnique(asked: readonly Key[], options: GetManyOptions | undefined): PreparedKeys {
    const keys: WireKey[] = []
    const callerKeys: Key[] = []
    const routingKeys: Key[] = []
    const sources: number[] = []
    const known = new Map<string, number>()
    for (const key of asked) {
      const whole = withPrefix(options?.keyPrefix, key)
      const wireKey = this.#dispatcher.encodeKey(whole)
      const name = wireName(wireKey)
      const source = known.get(name) ?? keys.length
      sources.push(source)
      if (source < keys.length) continue
      known.set(name, source)
      keys.push(wireKey)
      callerKeys.push(key)
      // Bytes that are the caller's may change before a server is chosen.
      routingKeys.push(this.#dispatcher.routingKey(whole === key ? ownKey(key) : whole, options))
    }
    return { keys, callerKeys, routingKeys, sources }
  }
}

/**
 * Returns the hits in the order of the call.
 *
 * @param all - Has every key, in that order: it is filled where there are no misses.
 */
function foundOf<K extends Key>(
  all: Map<K, unknown>,
  asked: readonly K[],
  results: readonly unknown[],
  missing: unknown,
  sources: readonly number[] | undefined,
): Map<K, unknown> {
  const found = results.includes(missing) ? new Map<K, unknown>() : all
  for (let at = 0; at < asked.length; at++) {
    const value = results[sources === undefined ? at : sources[at]!]
    if (value !== missing) found.set(asked[at]!, value)
  }
  return found
}

function failuresInOrder<K extends Key>(
  command: string,
  asked: readonly K[],
  sources: readonly number[] | undefined,
  failed: ReadonlyMap<number, unknown>,
): Map<K, unknown> {
  const ordered = new Map<K, unknown>()
  if (failed.size === 0) return ordered
  for (const [at, key] of asked.entries()) {
    const source = sources === undefined ? at : sources[at]!
    if (failed.has(source)) ordered.set(key, errorOf(failed.get(source), { about: { command, key } }))
  }
  return ordered
}

function isText(key: Key): boolean {
  return typeof key === 'string'
}

/** One name per wire key: a base64 key is another key than the text that spells it. */
function wireName(key: WireKey): string {
  if (typeof key === 'string') return key
  return key.form === 'base64' ? `${key.echo} b` : key.echo
}
