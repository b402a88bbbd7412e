import type { Buffer } from 'node:buffer'
import type { RangeSerde, Serde } from '../../serde/serde.ts'
import { freezeValue } from './freeze.ts'

/** Stands for no value: every value can be one that was decoded. */
export const NO_VALUE: unique symbol = Symbol('no value')

/**
 * Passes decoded values between the near cache and the serdes of its client. A read decodes within one call: before that call,
 * the near cache puts in the value that the serde is to give, or asks for the value that the serde makes.
 */
export class ValueSlot {
  readonly #isShared: boolean
  readonly #serdes: WeakMap<Serde, Serde> = new WeakMap()
  /** Value that the next read gives. */
  #given: unknown = NO_VALUE
  #isRecording = false
  /** Value that was made while recording, where callers may share it. */
  #made: unknown = NO_VALUE
  #madeOf = 0

  /** @param isShared - Objects are frozen and shared; else only values that are no objects. */
  constructor(isShared: boolean) {
    this.#isShared = isShared
  }

  /** Has the next read of a serde give a value instead of decoding; `NO_VALUE` ends that. */
  give(value: unknown): void {
    this.#given = value
  }

  /** Takes note of what the next read of a serde makes. */
  record(): void {
    this.#isRecording = true
    this.#made = NO_VALUE
  }

  /**
   * Ends the recording.
   *
   * @returns The value that was made, if callers may share it; else `NO_VALUE`.
   */
  endRecord(): unknown {
    const value = this.#made
    this.#isRecording = false
    this.#made = NO_VALUE
    return value
  }

  /** Number of bytes that the last recorded value was made of. */
  get madeOf(): number {
    return this.#madeOf
  }

  /** Returns the serde that reads by another one through this slot; for the same serde always the same. */
  serdeFor(serde: Serde): Serde {
    const known = this.#serdes.get(serde)
    if (known !== undefined) return known
    if (isRangeSerde(serde) && serde.givesForm === true) return serde
    const own = isRangeSerde(serde) ? this.#rangeSerde(serde) : this.#plainSerde(serde)
    this.#serdes.set(serde, own)
    // A part of the client may ask for it once more.
    this.#serdes.set(own, own)
    return own
  }

  #rangeSerde(serde: RangeSerde): RangeSerde {
    return {
      ...this.#plainSerde(serde),
      leavesCompressionFlags: serde.leavesCompressionFlags === true,
      keepsBytes: (clientFlags) => serde.keepsBytes(clientFlags),
      deserializeRange: (bytes: Buffer, start, end, clientFlags, owned, ascii) =>
        this.#given === NO_VALUE
          ? this.#see(serde.deserializeRange(bytes, start, end, clientFlags, owned, ascii), end - start, true)
          : this.#takeGiven(),
    }
  }

  #plainSerde(serde: Serde): Serde {
    return {
      ...(serde.counterFlags !== undefined && { counterFlags: serde.counterFlags }),
      serialize: (value, key) => serde.serialize(value, key),
      deserialize: (data, clientFlags, key) =>
        this.#given === NO_VALUE
          ? this.#see(serde.deserialize(data, clientFlags, key), data.byteLength, false)
          : this.#takeGiven(),
    }
  }

  #takeGiven(): unknown {
    const value = this.#given
    this.#given = NO_VALUE
    return value
  }

  /**
   * Takes note of a value that a serde made.
   *
   * @param isOurs - The serde is one of memlane's: what it makes depends on the bytes and the client flags alone.
   */
  #see(value: unknown, bytes: number, isOurs: boolean): unknown {
    const mayShare = this.#isShared ? freezeValue(value) : isOurs && typeof value !== 'object'
    if (this.#isRecording) {
      this.#made = mayShare ? value : NO_VALUE
      this.#madeOf = bytes
    }
    return value
  }
}

/** Whether a serde is one of memlane's, which read in place. */
export function isRangeSerde(serde: object): serde is RangeSerde {
  return 'deserializeRange' in serde
}
