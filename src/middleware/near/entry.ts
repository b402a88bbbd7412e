/** Memory of an entry besides its key and value, in bytes: measured on Node 20, for the map, the entry and two texts. */
export const ENTRY_BYTES = 250

/** Form in which a key is kept: nothing, the bytes of an item, a decoded value, or that there was none. */
export type Keeps = 'nothing' | 'bytes' | 'value' | 'miss'

/** Part of a reply that is to be kept. */
export interface Kept {
  readonly keeps: Keeps
  /** The bytes as text, one character per byte, or the decoded value. */
  readonly data: unknown
  /** Serde that made the value; undefined for bytes. */
  readonly madeBy: object | undefined
  readonly clientFlags: number
  /** Length of the item, or of what the value was decoded from. */
  readonly bytes: number
  /** Seconds that the item has left, Infinity: it never expires; undefined where the reply did not say it. */
  readonly ttl: number | undefined
}

/** A key of the near cache. Reads that are under way note its version, so that a write calls all of them off. */
export class Entry {
  /** The key on the wire, one character per byte. */
  readonly name: string
  keeps: Keeps = 'nothing'
  data: unknown = undefined
  madeBy: object | undefined = undefined
  clientFlags = 0
  bytes = 0
  /** Key that chose the server, where the call gave one. */
  routing: string | undefined = undefined
  /** When the read left that brought it. */
  since: number = Number.NEGATIVE_INFINITY
  /** Time from which it is not given any more. */
  until = 0
  /** Time at which the item expires; undefined where that is not known. */
  expires: number | undefined = undefined
  /** Reads of the key, halved from time to time. */
  reads: number
  /** Whether it was given since the hand passed it. */
  isVisited = false
  /** Grows with every write of the key. */
  version = 0
  /** Reads under way that are to fill it. */
  filling = 0

  constructor(name: string, reads: number) {
    this.name = name
    this.reads = reads
  }

  /** Memory that it takes, in bytes. */
  get size(): number {
    return ENTRY_BYTES + this.name.length + this.bytes
  }
}
