import { Buffer } from 'node:buffer'
import { deserialize, serialize } from 'node:v8'

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

/** Returns the item of an entry. */
export function encodeEntry(head: NextEntryHead, body: readonly Uint8Array[]): Buffer {
  return serialize({ ...head, body: Buffer.concat(body) })
}

/** Reads an item of either handler; undefined where it is another value. Throws where it is no value of V8. */
export function decodeItem<T extends { readonly tags: readonly string[] }>(item: Uint8Array): T | undefined {
  const found: unknown = deserialize(item)
  return isItem<T>(found) ? found : undefined
}

function isItem<T extends { readonly tags: readonly string[] }>(found: unknown): found is T {
  return typeof found === 'object' && found !== null && 'tags' in found && Array.isArray(found.tags)
}
