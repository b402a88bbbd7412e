import { MemcacheError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import type { Interpret, Operation } from '../../protocol/operation.ts'
import { isMetaPlaceholder, PLACEHOLDER_FLAGS } from '../../protocol/placeholder.ts'
import { type Reply, Returned } from '../../protocol/reply.ts'
import type { ProbeEmptyItem } from '../placeholder.ts'
import { type Decoder, LostValue } from '../reader.ts'
import type { StoredValue } from '../stored-value.ts'

/** An item as commands see it that replace it by its cas number: `getOrSet`, `update`, `pop`. Tokens are theirs to use. */
export interface ItemSnapshot {
  readonly state: 'missing' | 'placeholder' | 'value'
  readonly value: unknown
  /** The value as it is stored, where that was asked for. */
  readonly stored: StoredValue | undefined
  /** Why there is a value that cannot be read. */
  readonly unreadable: MemcacheError | undefined
  /** 0n: this server keeps no cas numbers (`memcached -C`). */
  readonly cas: bigint
  /** Seconds left, -1 = never expires; undefined in text mode. */
  readonly ttl: number | undefined
  /** Whether it is a manifest of which a chunk is lost: there is no value, and the manifest may be replaced. */
  readonly isLost: boolean
  /** Whether this read took the win token. */
  readonly won: boolean
  /** Whether another caller has the token. */
  readonly taken: boolean
  readonly stale: boolean
  /** The placeholder of a text client. */
  readonly isTextPlaceholder: boolean
  /** The connection spoke text. */
  readonly isText: boolean
}

/** An item snapshot while it is put together: one object for each, for every `getOrSet` makes one. */
type Facts = { -readonly [Field in keyof ItemSnapshot]: ItemSnapshot[Field] }

/** Parts that a snapshot needs. */
export interface SnapshotInit extends Decoder {
  readonly probeEmptyItem: ProbeEmptyItem
  /** Reads what `decode` gives, a {@link StoredValue}; without it, `decode` gives the value. */
  readonly restore?: (stored: StoredValue, key: Key) => unknown
}

/** Makes the function that turns the reply to a read into an {@link ItemSnapshot}. */
export function createSnapshotInterpreter(init: SnapshotInit): Interpret {
  const { borrows, serialize, madeBy, probeEmptyItem } = init
  const read: Interpret = (reply, operation) => {
    const facts = factsOf(reply)
    if (reply.outcome !== 'hit' || isPlaceholder(reply)) {
      operation.outcome = 'miss'
      return facts
    }
    const value = readValue(facts, init, reply, operation)
    // A classic reply does not say whether an empty item is a placeholder.
    if (reply.type !== 'VALUE' || reply.size > 0 || reply.clientFlags !== 0) return value
    return probeEmptyItem(operation).then((found) => {
      if (found === 'value') return value
      operation.outcome = 'miss'
      const state = found === 'placeholder' ? 'placeholder' : 'missing'
      return { ...facts, state, value: undefined, stored: undefined, unreadable: undefined } satisfies ItemSnapshot
    })
  }
  return Object.assign(read, {
    borrows,
    serialize,
    present: presentValue,
    passedOver: readTooLarge,
    looksBy: madeBy,
  })
}

function presentValue(result: unknown): unknown {
  return (result as ItemSnapshot).value
}

function readTooLarge(reply: Reply, error: MemcacheError): ItemSnapshot {
  return unreadableItem(factsOf(reply), error)
}

function isPlaceholder(reply: Reply): boolean {
  return reply.type === 'VALUE'
    ? reply.size === 0 && reply.clientFlags === PLACEHOLDER_FLAGS
    : isMetaPlaceholder(reply, reply.size)
}

function factsOf(reply: Reply): Facts {
  const isText = reply.type === 'VALUE' || reply.type === 'END'
  const isHit = reply.outcome === 'hit'
  return {
    state: isHit ? 'placeholder' : 'missing',
    value: undefined,
    stored: undefined,
    unreadable: undefined,
    cas: isHit ? reply.cas() : 0n,
    isLost: false,
    ttl: !isText && isHit && reply.has(Returned.ttl) ? reply.ttl : undefined,
    won: !isText && isHit && reply.has(Returned.won),
    taken: !isText && isHit && reply.has(Returned.alreadyWon),
    stale: !isText && isHit && reply.has(Returned.stale),
    isTextPlaceholder: isHit && reply.clientFlags === PLACEHOLDER_FLAGS,
    isText,
  }
}

/** A value that cannot be read is a finding too: it may be replaced, and its token is to be used or given back. */
function unreadableItem(facts: Facts, error: MemcacheError): ItemSnapshot {
  facts.state = 'value'
  facts.unreadable = error
  return facts
}

/** Completes a snapshot with the value, or with why it cannot be read. */
function readValue(
  facts: Facts,
  init: SnapshotInit,
  reply: Reply,
  operation: Operation,
): ItemSnapshot | Promise<ItemSnapshot> {
  try {
    const value = init.decode(reply, operation)
    if (!(value instanceof Promise)) return readableItem(facts, init, value, operation.callerKey)
    return value
      .then((settled: unknown) =>
        settled instanceof LostValue
          ? lostItem(facts, settled, operation)
          : readableItem(facts, init, settled, operation.callerKey),
      )
      .catch((error: unknown) => refusedItem(facts, error))
  } catch (error) {
    return refusedItem(facts, error)
  }
}

function readableItem(facts: Facts, { restore }: SnapshotInit, value: unknown, key: Key): ItemSnapshot {
  if (restore === undefined) facts.value = value
  else {
    facts.stored = value as StoredValue
    facts.value = restore(facts.stored, key)
  }
  facts.state = 'value'
  return facts
}

/** Returns a miss. An item that may still be there is in the place of a value, and is replaced by its cas number. */
function lostItem(facts: Facts, { loss }: LostValue, operation: Operation): ItemSnapshot {
  operation.outcome = 'miss'
  if (loss === 'gone') facts.state = 'missing'
  facts.isLost = loss === 'kept'
  return facts
}

function refusedItem(facts: Facts, error: unknown): ItemSnapshot {
  if (error instanceof MemcacheError) return unreadableItem(facts, error)
  throw error
}
