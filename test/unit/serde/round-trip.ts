import { Buffer } from 'node:buffer'
import type { Serde } from '../../../src/serde/serde.ts'

/** What a reader gets for what a writer stored; the bytes are gone afterwards, as the read buffer's are. */
export function roundTrip(value: unknown, writer: Serde, reader: Serde = writer): unknown {
  const { data, clientFlags } = writer.serialize(value, 'key')
  const lent = Buffer.from(data as string)
  const result = reader.deserialize(lent, clientFlags, 'key')
  lent.fill(0)
  return result
}

/** The bytes and client flags of a value, the bytes as text of one character each. */
export function stored(value: unknown, serde: Serde): [string, number] {
  const { data, clientFlags } = serde.serialize(value, 'key')
  return [Buffer.from(data as string).toString('latin1'), clientFlags]
}

/** Reads bytes given as text of one character each. */
export function read(bytes: string, clientFlags: number, serde: Serde): unknown {
  return serde.deserialize(Buffer.from(bytes, 'latin1'), clientFlags, 'key')
}

/** Lists in lists, in JavaScript. */
export function nested(depth: number): unknown[] {
  let value: unknown[] = []
  for (let level = 1; level < depth; level++) value = [value]
  return value
}
