import { showValue } from '../show-value.ts'
import { hidesFromJson, whyNotJson } from './json-loss.ts'
import { decodeText } from './text.ts'

/** Returns a value as JSON text; throws for a value that would silently be read back as something else. */
export function encodeJson(value: unknown): string {
  refuseLossy(value)
  const text = stringify(value)
  if (text === '{}' && hidesFromJson(value as object)) {
    throw new Error(`${showValue(value)} cannot be stored: JSON keeps nothing of it`)
  }
  if (text === undefined) throw new Error(`${showValue(value)} cannot be stored as JSON: it gives nothing`)
  return text
}

/** Parses JSON text in UTF-8. */
export function decodeJson(data: Uint8Array): unknown {
  const text = decodeText(data)
  try {
    return JSON.parse(text)
  } catch {
    // The engine's own message quotes the text, and a value must not reach a log.
    throw new Error('the value is stored as JSON and is not JSON')
  }
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new Error(`${showValue(value)} cannot be stored as JSON${jsonReason(cause)}`, { cause })
  }
}

/** Errors of `JSON.stringify` itself. No other is shown, because an error thrown by a `toJSON` may quote the value. */
const REFUSED_BY_ENGINE = /circular|cyclic|bigint/i

/** Returns why the engine makes no JSON of a value, for the end of a message. */
export function jsonReason(cause: unknown): string {
  // The lines after the first name the members on the path to the cycle.
  const [reason = ''] = cause instanceof TypeError ? cause.message.split('\n') : []
  return REFUSED_BY_ENGINE.test(reason) ? `: ${reason}` : ''
}

/** Refuses values that JSON would turn into `null` or `{}`. */
function refuseLossy(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new Error(`${showValue(value)} cannot be stored as JSON`)
  }
  const why = typeof value === 'object' && value !== null ? whyNotJson(value) : undefined
  if (why !== undefined) throw new Error(why)
}
