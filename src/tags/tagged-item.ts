import { Buffer } from 'node:buffer'
import type { StoredValue } from '../client/stored-value.ts'

/** The client flags of values with tags: the letters `ml`, `k` and a 3. A promise of the data format. */
export const TAGGED_FLAGS = 0x6d6c6b03

/** Begins every item: it is no digit, so that `incr` refuses the item. */
const LETTER = 't'

const LINE_FEED = 0x0a

/** The versions that tags had when a value was loaded. */
export interface TagVersions {
  readonly names: readonly string[]
  /** In the order of the names. */
  readonly versions: readonly string[]
}

/** A value with tags, as it is stored. */
export interface TaggedItem {
  readonly tags: TagVersions
  /** Client flags of the value, as the serde gave them. */
  readonly clientFlags: number
  /** Client flag of its compression; 0: it is not compressed. */
  readonly compression: number
  readonly data: string | Uint8Array
}

/** Makes the bytes of an item: a letter, a line of JSON, the value. A promise of the data format. */
export function encodeTaggedItem({ tags, clientFlags, compression, data }: TaggedItem): string | Uint8Array {
  const pairs = tags.names.flatMap((name, at) => [name, tags.versions[at]])
  // JSON has no line feed of its own.
  const head = `${LETTER}${JSON.stringify([clientFlags, compression, ...pairs])}\n`
  return typeof data === 'string' ? head + data : Buffer.concat([Buffer.from(head), data])
}

/** Returns the item that was stored; undefined where it has no tags, or was changed by something else. */
export function parseTaggedItem({ data, clientFlags }: StoredValue): (TaggedItem & { data: Uint8Array }) | undefined {
  if (clientFlags !== TAGGED_FLAGS) return undefined
  const end = data[0] === LETTER.charCodeAt(0) ? data.indexOf(LINE_FEED) : -1
  const head = end === -1 ? undefined : parseHead(Buffer.from(data.subarray(1, end)).toString())
  return head && { ...head, data: data.subarray(end + 1) }
}

function parseHead(text: string): Omit<TaggedItem, 'data'> | undefined {
  const words = parseJson(text)
  if (!Array.isArray(words) || words.length % 2 !== 0) return undefined
  const [clientFlags, compression, ...pairs] = words as unknown[]
  if (typeof clientFlags !== 'number' || typeof compression !== 'number' || !pairs.every(isText)) return undefined
  const names = pairs.filter((_word, at) => at % 2 === 0)
  return { clientFlags, compression, tags: { names, versions: pairs.filter((_word, at) => at % 2 === 1) } }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isText(word: unknown): word is string {
  return typeof word === 'string'
}
