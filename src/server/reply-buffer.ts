import { Buffer } from 'node:buffer'

/** Replies are put together in pieces of this size. */
const SLAB_BYTES = 32_768

/** Values from this size on are sent from where they are stored; smaller ones are cheaper to copy. */
const SHARED_BYTES = 8192

/** Text is turned into bytes when this many characters have come together. */
const MAX_TEXT = 8192

/** Collects the replies to many commands, so that they leave in one write. */
export class ReplyBuffer {
  #slab: Buffer = Buffer.alloc(0)
  /** What lies between these two in the slab has not been taken. */
  #start = 0
  #end = 0
  #text = ''
  #parts: Buffer[] = []
  #partBytes = 0

  /** Bytes that wait to be taken. */
  get bytes(): number {
    return this.#partBytes + (this.#end - this.#start) + this.#text.length
  }

  /** Adds a text, one byte per character. */
  text(text: string): void {
    this.#text += text
    if (this.#text.length > MAX_TEXT) this.#writeText()
  }

  /** Adds bytes that never change. */
  data(bytes: Buffer): void {
    this.#writeText()
    if (bytes.length >= SHARED_BYTES) {
      this.#cutSlab()
      this.#parts.push(bytes)
      this.#partBytes += bytes.length
      return
    }
    this.#makeRoom(bytes.length)
    bytes.copy(this.#slab, this.#end)
    this.#end += bytes.length
  }

  /** Drops what was not taken. */
  discard(): void {
    this.take()
  }

  /** Gives away everything so far, in order. */
  take(): Buffer[] {
    this.#writeText()
    this.#cutSlab()
    const parts = this.#parts
    this.#parts = []
    this.#partBytes = 0
    return parts
  }

  #writeText(): void {
    const length = this.#text.length
    if (length === 0) return
    this.#makeRoom(length)
    this.#slab.write(this.#text, this.#end, length, 'latin1')
    this.#end += length
    this.#text = ''
  }

  #makeRoom(bytes: number): void {
    if (this.#end + bytes <= this.#slab.length) return
    this.#cutSlab()
    // What was given away belongs to the socket: a full slab is left to it.
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes))
    this.#start = this.#end = 0
  }

  #cutSlab(): void {
    if (this.#start === this.#end) return
    this.#parts.push(this.#slab.subarray(this.#start, this.#end))
    this.#partBytes += this.#end - this.#start
    this.#start = this.#end
  }
}
