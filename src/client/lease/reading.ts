import { MemcacheError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import type { Interpret, Operation } from '../../protocol/operation.ts'
import { holdsPlace, PLACEHOLDER_FLAGS } from '../../protocol/placeholder.ts'
import { type Reply, Returned } from '../../protocol/reply.ts'
import type { LookAtEmpty } from '../placeholder.ts'
import { type Decoder, LostValue } from '../reader.ts'
import type { StoredValue } from '../stored-value.ts'

/** An item as commands see it that replace it by its cas number: `getOrSet`, `update`, `pop`. Tokens are theirs to use. */
export interface Reading {
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
  /** Whether this reading took the win token. */
  readonly won: boolean
  /** Whether another caller has the token. */
  readonly taken: boolean
  readonly stale: boolean
  /** The placeholder of a text client. */
  readonly isTextPlaceholder: boolean
  /** The connection spoke text. */
  readonly isText: boolean
}

/** A reading while it is put together: one object for each, for every `getOrSet` makes one. */
type Facts = { -readonly [Field in keyof Reading]: Reading[Field] }

/** Parts that a reading needs. */
export interface ReadingInit extends Decoder {
  readonly lookAtEmpty: LookAtEmpty
  /** Reads what `decode` gives, a {@link StoredValue}; without it, `decode` gives the value. */
  readonly restore?: (stored: StoredValue, key: Key) => unknown
}

/** Makes the function that turns the reply to a read into a {@link Reading}. */
export function createReadingInterpreter(init: ReadingInit): Interpret {
  const { borrows, serialize, madeBy, lookAtEmpty } = init
  const read: Interpret = (reply, operation) => {
    const facts = factsOf(reply)
    if (reply.outcome !== 'hit' || isPlaceholder(reply)) {
      operation.outcome = 'miss'
      return facts
    }
    const value = readValue(facts, init, reply, operation)
    // A classic reply does not say whether an empty item is a placeholder.
    if (reply.type !== 'VALUE' || reply.size > 0 || reply.clientFlags !== 0) return value
    return lookAtEmpty(operation).then((found) => {
      if (found === 'value') return value
      operation.outcome = 'miss'
      const state = found === 'placeholder' ? 'placeholder' : 'missing'
      return { ...facts, state, value: undefined, stored: undefined, unreadable: undefined } satisfies Reading
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
  return (result as Reading).value
}

function readTooLarge(reply: Reply, error: MemcacheError): Reading {
  return unreadableReading(factsOf(reply), error)
}

function isPlaceholder(reply: Reply): boolean {
  return reply.type === 'VALUE'
    ? reply.size === 0 && reply.clientFlags === PLACEHOLDER_FLAGS
    : holdsPlace(reply, reply.size)
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
function unreadableReading(facts: Facts, error: MemcacheError): Reading {
  facts.state = 'value'
  facts.unreadable = error
  return facts
}

/** Completes a reading with the value, or with why it cannot be read. */
function readValue(facts: Facts, init: ReadingInit, reply: Reply, operation: Operation): Reading | Promise<Reading> {
  try {
    const value = init.decode(reply, operation)
    if (!(value instanceof Promise)) return readableReading(facts, init, value, operation.callerKey)
    return value
      .then((settled: unknown) =>
        settled instanceof LostValue
          ? lostReading(facts, settled, operation)
          : readableReading(facts, init, settled, operation.callerKey),
      )
      .catch((error: unknown) => refusedReading(facts, error))
  } catch (error) {
    return refusedReading(facts, error)
  }
}

function readableReading(facts: Facts, { restore }: ReadingInit, value: unknown, key: Key): Reading {
  if (restore === undefined) facts.value = value
  else {
    facts.stored = value as StoredValue
    facts.value = restore(facts.stored, key)
  }
  facts.state = 'value'
  return facts
}

/** Returns a miss. An item that may still be there is in the place of a value, and is replaced by its cas number. */
function lostReading(facts: Facts, { loss }: LostValue, operation: Operation): Reading {
  operation.outcome = 'miss'
  if (loss === 'gone') facts.state = 'missing'
  facts.isLost = loss === 'kept'
  return facts
}

function refusedReading(facts: Facts, error: unknown): Reading {
  if (error instanceof MemcacheError) return unreadableReading(facts, error)
  throw error
}
