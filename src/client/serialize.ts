import { Buffer } from 'node:buffer'
import { byteLengthOf, isBytes, UNREADABLE_BYTES, viewOf } from '../bytes.ts'
import { InvalidInputError, SerdeError } from '../errors.ts'
import { messageOf } from '../message-of.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import type { Serde, SerializedValue } from '../serde/serde.ts'
import { showValue } from '../show-value.ts'
import { checkClientFlags } from './numbers.ts'

/** Refuses bytes that are gone: some layouts would store an empty text in their place. */
export function checkReadable(value: unknown, key: Key): void {
  if (typeof value === 'object' && isBytes(value) && byteLengthOf(value) === undefined) throw unreadable(key)
}

/** Returns what a serde makes of a value, checked. */
export function serialize(serde: Serde, value: unknown, key: Key): SerializedValue {
  checkReadable(value, key)
  let serialized: SerializedValue
  try {
    serialized = serde.serialize(value, key)
  } catch (error) {
    const message = `the value for ${quoteKey(key)} cannot be stored: ${messageOf(error)}`
    // Of memlane's serdes: bytes that are gone, and too many digits.
    if (error instanceof InvalidInputError) throw new InvalidInputError(message, { cause: error })
    throw new SerdeError(message, { delivery: 'not-sent', cause: error })
  }
  // Of the caller's serde: read once, because its getters may give something else the next time.
  const form = 'deserializeRange' in serde ? serialized : readOnce(serialized, key)
  const { data, clientFlags } = form
  if (typeof data !== 'string' && !isBytes(data)) {
    throw new InvalidInputError(`the serde gave neither text nor bytes as data for ${quoteKey(key)}`)
  }
  // A lone surrogate would come back as U+FFFD.
  if (typeof data === 'string' && !data.isWellFormed()) {
    throw new SerdeError(`the value for ${quoteKey(key)} cannot be stored: the serde gave text with a lone surrogate`, {
      delivery: 'not-sent',
    })
  }
  checkClientFlags(clientFlags)
  return form
}

function readOnce(serialized: SerializedValue | null | undefined, key: Key): SerializedValue {
  try {
    if (typeof serialized === 'object' && serialized !== null) {
      const { data, clientFlags } = serialized
      return { data, clientFlags }
    }
  } catch (cause) {
    const message = `the value for ${quoteKey(key)} cannot be stored: ${messageOf(cause)}`
    throw new SerdeError(message, { delivery: 'not-sent', cause })
  }
  const shown = showValue(serialized)
  throw new SerdeError(
    `the value for ${quoteKey(key)} cannot be stored: the serde must give data and clientFlags, got ${shown}`,
    { delivery: 'not-sent' },
  )
}

/** Returns the number of bytes that data takes on the wire. */
export function lengthOf(data: string | Uint8Array, key: Key): number {
  const bytes = typeof data === 'string' ? Buffer.byteLength(data, 'utf8') : byteLengthOf(data)
  if (bytes === undefined) throw unreadable(key)
  return bytes
}

/** Returns a copy of bytes that are the caller's. */
export function copyOf(data: Uint8Array, key: Key): Uint8Array {
  const view = viewOf(data)
  if (view === undefined) throw unreadable(key)
  return Buffer.from(view)
}

/** The error for a value whose bytes are gone when the call is made. */
function unreadable(key: Key): InvalidInputError {
  return new InvalidInputError(`the value for ${quoteKey(key)} cannot be stored: ${UNREADABLE_BYTES}`)
}
