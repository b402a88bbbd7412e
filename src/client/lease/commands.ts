import { Buffer } from 'node:buffer'
import { type Key, keyBytes, type WireKey } from '../../protocol/key.ts'
import type { Interpret, Operation } from '../../protocol/operation.ts'
import type { Patience } from '../../protocol/patience.ts'
import type { Request } from '../../protocol/request.ts'
import { NEAR_ZONE } from '../../seam/zones.ts'
import type { SerializedValue } from '../../serde/serde.ts'
import { hasPassed } from '../../ttl.ts'
import type { KeyOptions } from '../call-options.ts'
import type { Dispatcher } from '../dispatcher.ts'
import { withPrefix } from '../entries.ts'
import type { ProbeEmptyItem } from '../placeholder.ts'
import type { Refine } from '../refine.ts'
import { readNothing, readStored } from '../results.ts'
import type { Values } from '../values.ts'
import { createSnapshotInterpreter, type ItemSnapshot } from './item-snapshot.ts'
import { LeaseReads } from './lease-reads.ts'
import { itemTarget, type LookResult, lookResultOf, type ReplaceTarget } from './look-result.ts'
import { type GetOrSetManyOptions, type ResolvedLease, ttlOf } from './options.ts'
import { lookRequest, placeholderRequest, rearmRequest, removeRequest } from './requests.ts'
import type { LeaseMark } from './wait.ts'

/** Behind a key: the item that elects who loads, with `lease: 'key'`. A promise of the data format. */
const LEASE_SUFFIX = ':lease'

/** Most times that an item may come and go while one call tries to read it. */
export const MAX_LOOKS = 4

/** One key of a call. */
export interface LeaseKey {
  /** As the caller gave it: for the loader, results, serdes, events. */
  readonly callerKey: Key
  readonly wireKey: WireKey
  /** The same for every call about this item that reads it by the same schema. */
  readonly name: string
  readonly keyOptions: KeyOptions
  /** Of the callers, where all of them gave signals. */
  readonly patience: Patience | undefined
  /** With `lease: 'key'`. */
  readonly leaseKey: { readonly key: Key; readonly wireKey: WireKey; readonly keyOptions: KeyOptions } | undefined
}

/** Parts of a key that a command of a lease needs. */
type ItemKey = Pick<LeaseKey, 'wireKey' | 'callerKey' | 'keyOptions' | 'patience'>

/** Commands of leases that `getOrSet` needs. */
export type LeaseStore = Pick<LeaseCommands, 'keyOf' | 'look' | 'store' | 'giveUp' | 'remove'>

/** The commands of leases: look and elect, store, give up. None of them absorbs a failure. */
export class LeaseCommands {
  readonly #dispatcher: Dispatcher
  readonly #values: Values
  readonly #probeEmptyItem: ProbeEmptyItem
  /** Reads with the client's own serde. */
  readonly #read: Interpret
  readonly #reads: LeaseReads

  constructor(dispatcher: Dispatcher, values: Values, probeEmptyItem: ProbeEmptyItem) {
    this.#dispatcher = dispatcher
    this.#values = values
    this.#probeEmptyItem = probeEmptyItem
    this.#reads = new LeaseReads((routingKey) => dispatcher.serverFor(routingKey))
    this.#read = createSnapshotInterpreter({ ...values.decoder(undefined), probeEmptyItem })
  }

  /** Checks and encodes a key. */
  keyOf(
    key: Key,
    lease: ResolvedLease,
    options: GetOrSetManyOptions<never> | undefined,
    refine: Refine | undefined,
    patience: Patience | undefined,
  ): LeaseKey {
    const whole = withPrefix(options?.keyPrefix, key)
    const wireKey = this.#dispatcher.encodeKey(whole)
    const routingKey = this.#dispatcher.routingKey(whole, options)
    const timeoutMs = options?.timeoutMs
    const keyOptions = timeoutMs === undefined ? { routingKey } : { timeoutMs, routingKey }
    const item = typeof wireKey === 'string' ? wireKey : `${wireKey.form} ${wireKey.text}`
    const name = refine === undefined ? item : `${item} ${refine.id}`
    return {
      callerKey: key,
      wireKey,
      // The same key may be on several servers, by routing key.
      name: options?.routingKey === undefined ? name : `${name} ${keyBytes(options.routingKey).toString('latin1')}`,
      keyOptions,
      patience,
      leaseKey: lease.kind === 'key' ? this.#leaseKey(whole, keyOptions) : undefined,
    }
  }

  #leaseKey(whole: Key, keyOptions: KeyOptions): LeaseKey['leaseKey'] {
    const key = typeof whole === 'string' ? whole + LEASE_SUFFIX : Buffer.concat([whole, Buffer.from(LEASE_SUFFIX)])
    return { key, wireKey: this.#dispatcher.encodeKey(key), keyOptions }
  }

  /**
   * Reads the item, and tries to become the one to load it where that is due.
   *
   * @param keepsStored - Keep a value as it is stored too.
   */
  look(
    key: LeaseKey,
    lease: ResolvedLease,
    options: GetOrSetManyOptions<never> | undefined,
    keepsStored = false,
  ): Promise<LookResult> {
    return new Promise((resolve, reject) => {
      const interpret = keepsStored ? this.#storedInterpreter(options) : this.#interpreter(options)
      const read = this.#reads.requestFor(key.keyOptions)
      const request = lookRequest(lease, read)
      // Nearly every look ends here: a promise for the snapshot, and one for what is made of it, would cost as much again.
      const see = (found: unknown): void => {
        if (found instanceof Promise) return void found.then(see, reject)
        const snapshot = found as ItemSnapshot
        resolve(
          snapshot.state === 'missing' ? this.#elect(key, lease, request, interpret) : lookResultOf(snapshot, lease),
        )
      }
      const operation = this.#operation(request, key, interpret)
      operation.resolve = see
      operation.reject = (reason) => {
        if (this.#reads.learns(read, reason)) this.look(key, lease, options).then(resolve, reject)
        else reject(reason)
      }
      this.#dispatcher.dispatch(operation)
    })
  }

  /** Nothing is there: elects, and looks again where it comes and goes meanwhile. */
  async #elect(key: LeaseKey, lease: ResolvedLease, request: Request, interpret: Interpret): Promise<LookResult> {
    for (let looks = 1; ; looks++) {
      const look =
        key.leaseKey === undefined
          ? await this.#electByPlaceholder(key, lease, interpret)
          : await this.#electByLease(key, key.leaseKey, lease, interpret)
      if (look !== undefined) return look
      // The item never stays: no caller can hold its place, and no item will be there to replace.
      if (looks === MAX_LOOKS) return WON_UNSEEN
      const snapshot = await this.send<ItemSnapshot>(request, key, interpret)
      if (snapshot.state !== 'missing') return lookResultOf(snapshot, lease)
    }
  }

  /**
   * Text mode: the caller that adds the placeholder wins; the read after it brings its cas number, or what is there
   * instead.
   */
  async #electByPlaceholder(
    key: LeaseKey,
    lease: ResolvedLease,
    interpret: Interpret,
  ): Promise<LookResult | undefined> {
    const [isAdded, snapshot] = await Promise.all([
      this.send<boolean>(placeholderRequest(lease), key, readStored),
      this.send<ItemSnapshot>(this.#reads.requestFor(key.keyOptions), key, interpret),
    ])
    // Won, though what holds the place cannot be seen: it is gone, or the answer comes from elsewhere. Waiting for it would
    // be waiting for oneself.
    if (snapshot.state === 'missing') return isAdded ? WON_UNSEEN : undefined
    if (snapshot.state === 'value' || !isAdded) return lookResultOf(snapshot, lease)
    return { state: 'won', target: itemTarget(snapshot, true), mark: snapshot, old: undefined }
  }

  /** The caller that adds the lease item wins; the last winner may have stored the value since we looked. */
  async #electByLease(
    key: LeaseKey,
    leaseKey: NonNullable<LeaseKey['leaseKey']>,
    lease: ResolvedLease,
    interpret: Interpret,
  ): Promise<LookResult | undefined> {
    const at = { ...leaseKey, callerKey: leaseKey.key, patience: key.patience }
    const [isAdded, mark] = await Promise.all([
      this.send<boolean>(placeholderRequest(lease), at, readStored),
      this.send<ItemSnapshot>(this.#reads.requestFor(at.keyOptions), at, interpret),
    ])
    if (mark.state === 'missing') return undefined
    if (!isAdded) return { state: 'taken', target: { kind: 'nothing', lease: undefined }, mark, old: undefined }
    const target: ReplaceTarget = { kind: 'nothing', lease: mark.cas }
    const snapshot = await this.#readBehindLease(key, target, interpret)
    if (snapshot.state === 'missing') return { state: 'won', target, mark, old: undefined }
    await this.#removeLease(key, target)
    return lookResultOf(snapshot, lease)
  }

  /** Asked only now: behind a proxy the two items may be on two servers, which keep no order between them. */
  async #readBehindLease(key: LeaseKey, target: ReplaceTarget, interpret: Interpret): Promise<ItemSnapshot> {
    try {
      return await this.send<ItemSnapshot>(this.#reads.requestFor(key.keyOptions), key, interpret)
    } catch (error) {
      // No caller is going to load: the outcome of this does not matter.
      await this.#removeLease(key, target).catch(() => undefined)
      throw error
    }
  }

  /**
   * Stores what was loaded in the place of what is held. Whether it was stored is not said: if not, another client stored or
   * deleted meanwhile, and that counts.
   *
   * @param value - As it was loaded: the ttl may depend on it.
   * @param form - What the serde has made of it.
   */
  async store(
    key: LeaseKey,
    value: unknown,
    form: SerializedValue,
    target: ReplaceTarget,
    options: GetOrSetManyOptions<never> | undefined,
  ): Promise<void> {
    if (target.kind === 'unknown') return
    const { chunks, compression, staleOnError, keyPrefix } = options ?? {}
    const ttl = ttlOf(value, options)
    if (hasPassed(ttl, Date.now())) return this.remove(key, target)
    const cas = target.kind === 'item' ? target.cas : 0n
    const command = target.kind === 'nothing' ? 'add' : cas === 0n ? 'set' : 'cas'
    const request = this.#values.storeFormRequest(command, key.callerKey, form, cas, {
      ...(ttl !== undefined && { ttl }),
      ...(compression !== undefined && { compression }),
      ...(chunks !== undefined && { chunks }),
      ...(keyPrefix !== undefined && { keyPrefix }),
      ...(staleOnError !== undefined && { graceSeconds: staleOnError }),
    })
    await this.send(request, key, readNothing)
    await this.#removeLease(key, target)
  }

  /** Nothing was loaded: the next caller may try. An old value stays, and its token is given back. */
  async giveUp(key: LeaseKey, target: ReplaceTarget): Promise<void> {
    if (target.kind !== 'item') return this.#removeLease(key, target)
    if (!target.isMine) return
    await this.send(target.hasValue ? rearmRequest(target.cas) : removeRequest(target.cas), key, readNothing)
  }

  /** There is nothing to store: what held the place goes, and an old value too. */
  async remove(key: LeaseKey, target: ReplaceTarget): Promise<void> {
    if (target.kind !== 'item') return this.#removeLease(key, target)
    if (target.isMine) await this.send(removeRequest(target.cas), key, readNothing)
  }

  async #removeLease(key: LeaseKey, target: ReplaceTarget): Promise<void> {
    if (target.kind !== 'nothing' || target.lease === undefined || key.leaseKey === undefined) return
    const at = { ...key.leaseKey, callerKey: key.leaseKey.key, patience: key.patience }
    await this.send(removeRequest(target.lease), at, readNothing)
  }

  #interpreter(options: GetOrSetManyOptions<never> | undefined): Interpret {
    const serde = options?.serde
    if (serde === undefined) return this.#read
    return createSnapshotInterpreter({ ...this.#values.decoder(serde), probeEmptyItem: this.#probeEmptyItem })
  }

  #storedInterpreter(options: GetOrSetManyOptions<never> | undefined): Interpret {
    const serde = options?.serde
    return createSnapshotInterpreter({
      ...this.#values.storedDecoder(serde),
      probeEmptyItem: this.#probeEmptyItem,
      restore: ({ data, clientFlags }, callerKey) => this.#values.restore(data, clientFlags, callerKey, serde),
    })
  }

  #operation(request: Request, key: ItemKey, interpret: Interpret): Operation {
    const operation = this.#dispatcher.operation(request, key.callerKey, key.wireKey, interpret, key.keyOptions)
    operation.patience = key.patience
    operation.zone = NEAR_ZONE
    return operation
  }

  /** Carries out a command on an item; rejects where it fails. */
  send<T>(request: Request, key: ItemKey, interpret: Interpret): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const operation = this.#operation(request, key, interpret)
      operation.resolve = resolve as (value: unknown) => void
      operation.reject = reject
      this.#dispatcher.dispatch(operation)
    })
  }
}

const NO_MARK: LeaseMark = { cas: 0n, ttl: undefined }

/** Elected, with nothing to replace. */
export const WON_UNSEEN: LookResult = {
  state: 'won',
  target: { kind: 'nothing', lease: undefined },
  mark: NO_MARK,
  old: undefined,
}
