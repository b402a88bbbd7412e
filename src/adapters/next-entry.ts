import { Buffer } from 'node:buffer'

/** An entry of `'use cache'`, as Next.js 16 gives and takes it. */
export interface NextCacheEntry {
  /** The bytes of the entry. */
  value: ReadableStream<Uint8Array>
  /** Tags of the entry; those of its path are not among them. */
  tags: string[]
  /** Seconds that a browser may use it without asking. */
  stale: number
  /** When its making began, in milliseconds since 1970. */
  timestamp: number
  /** Seconds after which it is gone. */
  expire: number
  /** Seconds after which it is made anew; -1: it is served once more, and made anew. */
  revalidate: number
}

/** The fields of an entry, without its bytes. */
export type NextEntryHead = Omit<NextCacheEntry, 'value'>

/** Bytes of the number in front of an item: the length of the head. */
const LENGTH_BYTES = 4

/** Returns the item of an entry: the length of the head, the head as JSON, the bytes. */
export function encodeEntry(head: NextEntryHead, body: readonly Uint8Array[]): Buffer {
  const { tags, stale, timestamp, expire, revalidate } = head
  const numbers = [stale, timestamp, expire, revalidate].map(finite)
  const json = Buffer.from(JSON.stringify([tags, ...numbers]))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(json.length)
  return Buffer.concat([length, json, ...body])
}

/** Reads an item; undefined where it is no entry. */
export function decodeEntry(item: Uint8Array): { readonly head: NextEntryHead; readonly body: Uint8Array } | undefined {
  const bytes = Buffer.from(item.buffer, item.byteOffset, item.byteLength)
  if (bytes.length < LENGTH_BYTES) return undefined
  const end = LENGTH_BYTES + bytes.readUInt32BE(0)
  if (end > bytes.length) return undefined
  const head = readHead(bytes.toString('utf8', LENGTH_BYTES, end))
  return head && { head, body: bytes.subarray(end) }
}

function readHead(json: string): NextEntryHead | undefined {
  let fields: unknown
  try {
    fields = JSON.parse(json)
  } catch {
    return undefined
  }
  if (!Array.isArray(fields)) return undefined
  const [tags, ...numbers] = fields as unknown[]
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === 'string')) return undefined
  if (numbers.length !== 4 || !numbers.every((number) => typeof number === 'number')) return undefined
  const [stale, timestamp, expire, revalidate] = numbers as [number, number, number, number]
  return { tags, stale, timestamp, expire, revalidate }
}

/** JSON has no endless number. */
function finite(number: number): number {
  return Math.min(number, Number.MAX_SAFE_INTEGER)
}
