import { Buffer } from 'node:buffer'
import type { Serde } from '../serde/serde.ts'

/** Value as the server has it. */
export class Stored {
  readonly data: Buffer
  readonly clientFlags: number

  constructor(data: Uint8Array, clientFlags: number) {
    this.data = Buffer.from(data)
    this.clientFlags = clientFlags
  }
}

/**
 * Serde of the clients of the command line: reads every value as {@link Stored}, writes a {@link Stored} as it is and anything
 * else by another serde. So nothing that is stored fails to be read, and commands decide what to show of it.
 */
export function storedSerde(writer: Serde): Serde {
  return {
    serialize: (value, key) =>
      value instanceof Stored ? { data: value.data, clientFlags: value.clientFlags } : writer.serialize(value, key),
    deserialize: (data, clientFlags) => new Stored(data, clientFlags),
    ...(writer.counterFlags === undefined ? {} : { counterFlags: writer.counterFlags }),
  }
}
