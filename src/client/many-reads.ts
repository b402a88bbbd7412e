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
import { inSlices, noSlices, runSlices, type Slices } from './slices.ts'

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
class ReadKeys<K extends Key> {
  /** Every key once: finds those that are there twice, and becomes the result if every key is found. */
  readonly found: Map<K, unknown> = new Map()
  /** The keys of the call, each once. */
  asked: readonly K[]
  /** Each wire key once. */
  readonly keys: WireKey[] = []
  /** The caller's key that each wire key was made of. */
  callerKeys: readonly Key[] | undefined = undefined
  /** Keys that servers are chosen by; undefined: the caller's keys. */
  routingKeys: readonly Key[] | undefined = undefined
  /** Index of the read that gives the value of each key of the call; undefined: each key has its own read. */
  sources: readonly number[] | undefined = undefined

  constructor(asked: readonly K[]) {
    this.asked = asked
  }
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
    const prepared = new ReadKeys(keys)
    const preparation = this.#prepare(prepared, missing, options)
    const { length } = keys
    const signal = options?.signal
    let failed: ReadonlyMap<number, unknown> | undefined
    const results = await this.#dispatcher.startBatch(length, preparation, signal, {
      prepare: noSlices,
      dispatch: (startedAt) => {
        const call = this.#callFor(request, prepared, interpret, missing, options)
        failed = call.failed
        return call.run(signal, startedAt)
      },
    })
    // Only now, so that the order is the caller's whichever answer came first.
    const found = results.includes(missing) ? new Map<K, unknown>() : prepared.found
    const collecting = collectFound(found, prepared, results, missing)
    if (collecting.next().done !== true) await runSlices(collecting)
    const { asked, sources } = prepared
    return { asked, found, failed: failuresInOrder(request.command, asked, sources, failed!) }
  }

  #callFor(
    request: ReadBatch['request'],
    { asked, keys, callerKeys = asked, routingKeys }: ReadKeys<Key>,
    interpret: Interpret,
    missing: unknown,
    options: (GetManyOptions & HandedOnOptions) | undefined,
  ): ReadCall {
    const writtenBefore = options?.[WRITTEN_BEFORE] === true
    return new ReadCall({
      request,
      callerKeys,
      keys,
      routingKeys,
      timeoutMs: this.#timeoutMs(asked, options),
      writtenBefore,
      interpret,
      missing,
      window: this.#window,
      dispatch: writtenBefore ? this.#dispatchEach : this.#dispatch,
    })
  }

  #timeoutMs(asked: readonly Key[], options: GetManyOptions | undefined): number {
    // Without a key nothing is looked at.
    if (options?.timeoutMs === undefined || asked.length === 0) return this.#dispatcher.timeoutMs
    return checkTimeout(options.timeoutMs)
  }

  *#prepare<K extends Key>(prepared: ReadKeys<K>, missing: unknown, options: GetManyOptions | undefined): Slices {
    const { asked: given, found } = prepared
    let areTexts = true
    yield* inSlices(given.length, (from, end) => {
      for (let at = from; at < end; at++) {
        found.set(given[at]!, missing)
        if (typeof given[at] !== 'string') areTexts = false
      }
    })
    if (found.size < given.length) prepared.asked = [...found.keys()]
    const add = areTexts ? this.#textAdder(prepared, options) : this.#uniqueAdder(prepared, options)
    const { asked } = prepared
    yield* inSlices(asked.length, (from, end) => {
      for (let at = from; at < end; at++) add(asked[at]!)
    })
  }

  /** Returns what adds a key to the keys of the reads, for keys that are all text. */
  #textAdder(prepared: ReadKeys<Key>, options: GetManyOptions | undefined): (key: Key) => void {
    const dispatcher = this.#dispatcher
    const { keys } = prepared
    const prefix = options?.keyPrefix
    if (prefix === undefined && dispatcher.routesPlainly(options)) {
      return (key) => void keys.push(dispatcher.encodeKey(key))
    }
    const routingKeys: Key[] = []
    prepared.routingKeys = routingKeys
    return (key) => {
      const whole = withPrefix(prefix, key)
      keys.push(dispatcher.encodeKey(whole))
      routingKeys.push(dispatcher.routingKey(whole, options))
    }
  }

  /** As `#textAdder`, with keys given as bytes: equal keys of either form share one read. */
  #uniqueAdder(prepared: ReadKeys<Key>, options: GetManyOptions | undefined): (key: Key) => void {
    const { keys } = prepared
    const callerKeys: Key[] = []
    const routingKeys: Key[] = []
    const sources: number[] = []
    const known = new Map<string, number>()
    prepared.callerKeys = callerKeys
    prepared.routingKeys = routingKeys
    prepared.sources = sources
    return (key) => {
      const whole = withPrefix(options?.keyPrefix, key)
      const wireKey = this.#dispatcher.encodeKey(whole)
      const name = wireName(wireKey)
      const source = known.get(name) ?? keys.length
      sources.push(source)
      if (source < keys.length) return
      known.set(name, source)
      keys.push(wireKey)
      callerKeys.push(key)
      // Bytes that are the caller's may change before a server is chosen.
      routingKeys.push(this.#dispatcher.routingKey(whole === key ? ownKey(key) : whole, options))
    }
  }
}

/** Adds the hits to `found`, in the order of the call. */
function collectFound<K extends Key>(
  found: Map<K, unknown>,
  { asked, sources }: ReadKeys<K>,
  results: readonly unknown[],
  missing: unknown,
): Slices {
  return inSlices(asked.length, (from, end) => {
    for (let at = from; at < end; at++) {
      const value = results[sources === undefined ? at : sources[at]!]
      if (value !== missing) found.set(asked[at]!, value)
    }
  })
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

/** One name per wire key: a base64 key is another key than the text that spells it. */
function wireName(key: WireKey): string {
  if (typeof key === 'string') return key
  return key.form === 'base64' ? `${key.echo} b` : key.echo
}
