import { isBytes } from '../bytes.ts'
import { SerdeError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import { asBuffer, takeBytes } from './bytes.ts'
import type { RangeSerde, Serde, SerializedValue } from './serde.ts'

/**
 * Serde without a conversion: writes text (as UTF-8) and `Uint8Array` with client flags 0 and refuses anything else;
 * reads every item as a Buffer of its own, whatever its client flags.
 */
export const raw: Serde = Object.freeze<RangeSerde>({
  serialize,
  deserialize(data) {
    return takeBytes(asBuffer(data), 0, data.byteLength, false)
  },
  deserializeRange(bytes, start, end, _clientFlags, owned) {
    return takeBytes(bytes, start, end, owned)
  },
  keepsBytes: () => true,
})

function serialize(value: unknown): SerializedValue {
  if (isBytes(value)) return { data: value, clientFlags: 0 }
  if (typeof value !== 'string') {
    throw new SerdeError(`the serde \`raw\` stores a string or a Uint8Array, got ${showValue(value)}`, {
      delivery: 'not-sent',
    })
  }
  if (!value.isWellFormed())
    throw new SerdeError('text with a lone surrogate cannot be stored: it has no UTF-8', { delivery: 'not-sent' })
  return { data: value, clientFlags: 0 }
}
