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

/** An entry as it is stored. */
export interface StoredEntry extends NextEntryHead {
  readonly body: Uint8Array
}

/** Returns the item of an entry. */
export function encodeEntry(head: NextEntryHead, body: readonly Uint8Array[]): Buffer {
  const stored: StoredEntry = { ...head, body: Buffer.concat(body) }
  return serialize(stored)
}

/** A value with tags: an entry of one of the handlers. */
export interface Tagged {
  readonly tags: readonly string[]
}

/** Reads an item of either handler; undefined where it is another value. Throws where it is no value of V8. */
export function decodeItem(item: Uint8Array): Tagged | undefined {
  const found: unknown = deserialize(item)
  return isTagged(found) ? found : undefined
}

function isTagged(found: unknown): found is Tagged {
  return typeof found === 'object' && found !== null && 'tags' in found && Array.isArray(found.tags)
}
