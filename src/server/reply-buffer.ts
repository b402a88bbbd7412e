import { Buffer } from 'node:buffer'

/** Size of the pieces that replies are put together in. */
const SLAB_BYTES = 32_768

/** Size from which values are sent without a copy; smaller ones are cheaper to copy. */
const SHARED_BYTES = 8192

/** Number of characters after which text is turned into bytes. */
const MAX_TEXT = 8192

/** Collects the replies to many commands, so that they leave in one write. */
export class ReplyBuffer {
  #slab: Buffer = Buffer.alloc(0)
  /** Limits of the untaken bytes in the slab. */
  #start = 0
  #end = 0
  #text = ''
  #parts: Buffer[] = []
  #partBytes = 0

  /** Number of bytes to be taken. */
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

  /** Drops everything not taken. */
  discard(): void {
    this.take()
  }

  /** Takes everything so far, in order. */
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
    // Taken bytes belong to the socket: a full slab is left to it.
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
