import { COMPRESSED_FLAGS } from '../client/compression.ts'
import { LeaseCommands, type LeaseKey, type LeaseStore, MAX_LOOKS, WON_UNSEEN } from '../client/lease/commands.ts'
import { markOf } from '../client/lease/get-or-set.ts'
import type { LookResult, OldValue, ReplaceTarget, ValueLook } from '../client/lease/look-result.ts'
import type { GetOrSetManyOptions, ResolvedLease } from '../client/lease/options.ts'
import { placeholderRequest } from '../client/lease/requests.ts'
import type { ClientParts } from '../client/parts.ts'
import type { Refine } from '../client/refine.ts'
import { readNothing, readStored } from '../client/results.ts'
import { createStoredSerde, StoredValue } from '../client/stored-value.ts'
import type { Versions } from '../client/versions.ts'
import { MemcacheError, SerdeError } from '../errors.ts'
import { messageOf } from '../message-of.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import { type Key, quoteKey, type WireKey } from '../protocol/key.ts'
import type { Patience } from '../protocol/patience.ts'
import type { Serde, SerializedValue } from '../serde/serde.ts'
import { FOREVER } from '../ttl.ts'
import { encodeTaggedItem, parseTaggedItem, TAGGED_FLAGS, type TaggedItem } from './tagged-item.ts'

/** Reads items as they are stored. */
export const STORED_SERDE: Serde = createStoredSerde(false)

const READ_STORED = { serde: STORED_SERDE } as const

const OUTDATED: unique symbol = Symbol('outdated')

type Options = GetOrSetManyOptions<never> | undefined

let lastId = 0

/** Tags of one call. */
interface CallTags {
  readonly names: readonly string[]
  /** Versions from before the loader ran; undefined where they could not be read. */
  versions: readonly string[] | undefined
  /** Whether the versions were looked at before the call shares a load. */
  isChecked: boolean
}

/** The commands of leases for values with tags: an outdated value is one to be loaded, by one caller. */
export class TaggedLeases implements LeaseStore {
  readonly #parts: ClientParts
  readonly #versions: Versions
  readonly #inner: LeaseCommands
  /** Objects count changes by themselves, and so share no loads. */
  readonly #id: number = ++lastId
  /** By the options of the call, an object of its own. */
  readonly #calls: WeakMap<object, CallTags> = new WeakMap()

  constructor(parts: ClientParts, versions: Versions) {
    this.#parts = parts
    this.#versions = versions
    this.#inner = new LeaseCommands(parts.dispatcher, parts.values, parts.probeEmptyItem)
  }

  /** Notes the tags of a call. */
  begin(options: object, names: readonly string[]): void {
    this.#calls.set(options, { names, versions: undefined, isChecked: false })
  }

  /** Reads the versions that the value of a call is stored with: before its loader runs. */
  async readVersions(options: object): Promise<void> {
    const tags = this.#calls.get(options)!
    tags.versions = undefined
    tags.versions = await this.#versions.present(tags.names)
  }

  keyOf(
    key: Key,
    lease: ResolvedLease,
    options: Options,
    refine: Refine | undefined,
    patience: Patience | undefined,
  ): LeaseKey {
    const made = this.#inner.keyOf(key, lease, options, refine, patience)
    const names = this.#tagsOf(options)?.names ?? []
    const own = `${this.#id} ${JSON.stringify(names)} ${made.name}`
    const changes = (): number => this.#versions.changesOf(names)
    // Its loads are no loads of the client's own getOrSet. A call shares no load that began before one of its tags changed.
    return {
      ...made,
      get name() {
        return `tagged ${changes()} ${own}`
      },
    }
  }

  async look(key: LeaseKey, lease: ResolvedLease, options: Options): Promise<LookResult> {
    const tags = this.#tagsOf(options)
    const look = await this.#lookOrElect(key, lease, options, tags?.names ?? [])
    if (tags !== undefined && !tags.isChecked && this.#mayShare(key, look)) {
      tags.isChecked = true
      await this.#giveUpIfFails(key, look, this.#versions.refresh(tags.names))
    }
    return look
  }

  async #giveUpIfFails<T>(key: LeaseKey, { target }: LookResult, work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      await this.#inner.giveUp(key, target).catch(() => undefined)
      throw error
    }
  }

  /** Whether another call of this process loads the value, or waits for it. */
  #mayShare({ name }: LeaseKey, { state, mark }: LookResult): boolean {
    if (state === 'value' || state === 'won') return false
    return this.#parts.getOrSet.flights.find(name, markOf(mark)) !== undefined
  }

  async #lookOrElect(
    key: LeaseKey,
    lease: ResolvedLease,
    options: Options,
    names: readonly string[],
  ): Promise<LookResult> {
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const look = await this.#inner.look(key, lease, READ_STORED)
      const judged = await this.#judge(key, look, names, options?.serde)
      if (judged !== OUTDATED) return judged
      const elected = await this.#elect(key, lease, look as ValueLook)
      if (elected !== undefined) return elected
    }
    return WON_UNSEEN
  }

  #tagsOf(options: Options): CallTags | undefined {
    return options && this.#calls.get(options)
  }

  /** Returns the look with its value, if that is up to date. A win is given up where its tags cannot be read. */
  async #judge(
    key: LeaseKey,
    look: LookResult,
    names: readonly string[],
    serde: Serde | undefined,
  ): Promise<LookResult | typeof OUTDATED> {
    if (look.state === 'unreadable') return look
    try {
      return look.state === 'value'
        ? await this.#judgeValue(key, look, names, serde)
        : { ...look, old: look.old && (await this.#currentOld(key, look.old, names, serde)) }
    } catch (error) {
      await this.#inner.giveUp(key, look.target).catch(() => undefined)
      throw error
    }
  }

  async #judgeValue(
    key: LeaseKey,
    look: ValueLook,
    names: readonly string[],
    serde: Serde | undefined,
  ): Promise<LookResult | typeof OUTDATED> {
    const { target, mark } = look
    const item = parseTaggedItem(look.value as StoredValue)
    // Without tags it is something else's value, to be replaced.
    if (item === undefined) return { state: 'unreadable', target, mark, error: undefined }
    if (!(await this.isCurrent(item, names))) return OUTDATED
    try {
      const stored = await this.#unpack(item, key.callerKey, () => key.wireKey)
      return { ...look, stored, value: this.#restore(stored, key.callerKey, serde) }
    } catch (error) {
      if (!(error instanceof MemcacheError)) throw error
      return { state: 'unreadable', target, mark, error }
    }
  }

  async #currentOld(
    key: LeaseKey,
    old: OldValue,
    names: readonly string[],
    serde: Serde | undefined,
  ): Promise<OldValue | undefined> {
    const item = parseTaggedItem(old.value as StoredValue)
    if (item === undefined || !(await this.isCurrent(item, names))) return undefined
    try {
      return { value: await this.valueOf(item, key.callerKey, () => key.wireKey, serde) }
    } catch {
      return undefined
    }
  }

  /** Whether an item has all of these tags, and none of its own was invalidated. */
  async isCurrent({ tags }: TaggedItem, names: readonly string[]): Promise<boolean> {
    if (!names.every((name) => tags.names.includes(name))) return false
    const [outcome] = await this.#versions.areCurrent([tags])
    if (outcome!.status === 'rejected') throw outcome!.reason
    return outcome!.value
  }

  /**
   * Returns the value of an item, read by the serde of a call.
   *
   * @param wireKey - Gives the whole key, for an algorithm of the caller's.
   */
  async valueOf(item: TaggedItem, key: Key, wireKey: () => WireKey, serde: Serde | undefined): Promise<unknown> {
    return this.#restore(await this.#unpack(item, key, wireKey), key, serde)
  }

  /** Decompresses the value of an item. */
  async #unpack(
    { data, clientFlags, compression }: TaggedItem,
    key: Key,
    wireKey: () => WireKey,
  ): Promise<StoredValue> {
    if (compression === 0) return new StoredValue(data as Uint8Array, clientFlags)
    try {
      const plain = await this.#parts.values.decompress(data as Uint8Array, compression, wireKey())
      return new StoredValue(plain, clientFlags)
    } catch (cause) {
      const message = `the value for ${quoteKey(key)} cannot be decompressed: ${messageOf(cause)}`
      throw new SerdeError(message, { delivery: 'answered', cause })
    }
  }

  #restore({ data, clientFlags }: StoredValue, key: Key, serde: Serde | undefined): unknown {
    return this.#parts.values.restore(data, clientFlags, key, serde)
  }

  /** Elects one caller to replace an outdated value. Undefined: look again. */
  #elect(key: LeaseKey, lease: ResolvedLease, look: ValueLook): Promise<LookResult | undefined> {
    // Only the meta protocol gives the time left.
    return look.mark.ttl === undefined ? this.#electInText(key, lease, look) : this.#electByToken(key, lease, look)
  }

  /**
   * The first look at a stale item wins. The item keeps its value for the lease's time, at most: who died while it loaded delays
   * the others no longer.
   */
  async #electByToken(
    key: LeaseKey,
    { leaseTtl }: ResolvedLease,
    { target, mark, isStale, isWon }: ValueLook,
  ): Promise<LookResult | undefined> {
    if (isStale) return { state: isWon ? 'won' : 'taken', target, mark, old: undefined }
    const compareCas = mark.cas === 0n ? undefined : mark.cas
    const flags = { invalidate: true, exptime: leaseTtl, compareCas }
    await this.#inner.send({ command: 'md', label: 'getOrSet', flags }, key, readNothing)
    return undefined
  }

  /** The caller that puts a placeholder in the place of the value wins. */
  async #electInText(key: LeaseKey, lease: ResolvedLease, { mark }: ValueLook): Promise<LookResult | undefined> {
    const { cas } = mark
    // Nothing can be compared: each caller loads.
    if (cas === 0n)
      return { state: 'won', target: { kind: 'item', cas, isMine: true, hasValue: false }, mark, old: undefined }
    const [isStored, next] = await Promise.all([
      this.#inner.send<boolean>(placeholderRequest(lease, cas), key, readStored),
      this.#inner.look(key, lease, READ_STORED),
    ])
    if (next.state !== 'taken' || next.target.kind !== 'item')
      return next.state === 'won' ? { ...next, old: undefined } : undefined
    return { ...next, state: isStored ? 'won' : 'taken', target: { ...next.target, isMine: isStored }, old: undefined }
  }

  async store(
    key: LeaseKey,
    value: unknown,
    form: SerializedValue,
    target: ReplaceTarget,
    options: Options,
  ): Promise<void> {
    const tags = this.#tagsOf(options)
    // A value without versions could never be invalidated.
    if (tags?.versions === undefined) return this.#inner.giveUp(key, target)
    if (target.kind === 'unknown') return
    const { data, compression } = await this.#pack(key.callerKey, form, options)
    const item = {
      tags: { names: tags.names, versions: tags.versions },
      clientFlags: form.clientFlags,
      compression,
      data,
    }
    const whole = { data: encodeTaggedItem(item), clientFlags: TAGGED_FLAGS }
    // The item as a whole must keep its client flags.
    await this.#inner.store(key, value, whole, target, { ...options, compression: false })
  }

  async #pack(
    key: Key,
    form: SerializedValue,
    options: Options,
  ): Promise<{ readonly data: string | Uint8Array; readonly compression: number }> {
    // The serde compresses by itself.
    const choice = this.#parts.values.isCompressed(form.clientFlags) ? false : options?.compression
    const keyPrefix = options?.keyPrefix
    const request = this.#parts.values.storeFormRequest('set', key, form, 0n, {
      ttl: FOREVER,
      // The item as a whole is stored in chunks, and no part of it.
      chunks: false,
      ...(choice !== undefined && { compression: choice }),
      ...(keyPrefix !== undefined && { keyPrefix }),
    })
    const made = request.preparing instanceof Promise ? ((await request.preparing) as StoreRequest) : request
    return { data: made.data, compression: made.data === form.data ? 0 : made.clientFlags & COMPRESSED_FLAGS }
  }

  giveUp(key: LeaseKey, target: ReplaceTarget): Promise<void> {
    return this.#inner.giveUp(key, target)
  }

  remove(key: LeaseKey, target: ReplaceTarget): Promise<void> {
    return this.#inner.remove(key, target)
  }
}
