import { isBytes, viewOf } from './bytes.ts'
import { showValue } from './show-value.ts'

/** Longest key that is shown whole, in characters. */
const MAX_SHOWN = 40

/** Returns a key as text for people, cut to 40 characters: bytes are read as UTF-8. Of what is no key, its kind. */
export function showKey(key: string | Uint8Array): string {
  if (typeof key !== 'string' && !isBytes(key)) return showValue(key)
  // Bytes that are gone meanwhile must not keep an error from being reported.
  const text = typeof key === 'string' ? key : (viewOf(key)?.toString('utf8', 0, 64) ?? '(bytes that are gone)')
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
}
