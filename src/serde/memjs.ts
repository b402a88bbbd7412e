import { isBytes } from '../bytes.ts'
import { checkOptions } from '../known-options.ts'
import { showValue } from '../show-value.ts'
import { checkStrings, type StringsAs } from './foreign-options.ts'
import type { Serde, SerializedValue } from './serde.ts'
import { keepBytes } from './stored-value.ts'
import { checkText, decodeText } from './text.ts'

/** Options of memjs's layout. */
export interface MemjsOptions {
  /**
   * Type of values when read: Buffers, as in memjs, or text, with an error for bytes that are not UTF-8.
   *
   * @defaultValue `'bytes'`
   */
  readonly strings?: StringsAs
}

/**
 * Returns the serde for the layout of memjs 1.3 with its own serializer: text in UTF-8 and bytes with client flags 0,
 * nothing compressed; anything else is refused. Every item is read whatever its client flags, as in memjs.
 */
export function memjs(options: MemjsOptions = {}): Serde {
  checkOptions(options, ['strings'], 'memjs')
  const strings = checkStrings(options.strings ?? 'bytes')
  return Object.freeze<Serde>({ serialize, deserialize: strings === 'text' ? decodeText : keepBytes })
}

function serialize(value: unknown): SerializedValue {
  if (typeof value === 'string') return { data: checkText(value), clientFlags: 0 }
  if (isBytes(value)) return { data: value, clientFlags: 0 }
  throw new Error(`memjs stores text and bytes, got ${showValue(value)}`)
}
