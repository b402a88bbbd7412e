import { isBytes } from '../bytes.ts'
import { checkOptions } from '../known-options.ts'
import { showValue } from '../show-value.ts'
import { checkStrings, type StringsAs } from './foreign-options.ts'
import type { Serde, SerializedValue } from './serde.ts'
import { keepBytes } from './stored-value.ts'
import { checkText, decodeText } from './text.ts'

/** What of memjs's layout is chosen by its user. */
export interface MemjsOptions {
  /**
   * How values are read: as Buffers, which is what memjs gives, or as text, which is an error for what is not UTF-8.
   *
   * @defaultValue `'bytes'`
   */
  readonly strings?: StringsAs
}

/**
 * The layout of memjs 1.3 with its own serializer: text in UTF-8 and bytes with client flags 0, nothing compressed;
 * anything else is refused. Reads every item whatever its client flags, as memjs does.
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
