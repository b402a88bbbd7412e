/** Piece of output: text with its encoding, or bytes that are written unchanged. */
export interface OutgoingChunk {
  readonly data: string | Uint8Array
  readonly encoding: 'latin1' | 'utf8'
  /** Called when the socket has let go of the bytes: they have left for the kernel, or the socket is destroyed. */
  readonly onReleased: (() => void) | undefined
}

/** Size from which bytes are written without a copy; smaller ones are cheaper to copy into the batch's text. */
export const LARGE_BODY_BYTES = 4096

/** Length from which text is a piece of its own: joining it to the batch would copy it once more. */
const LARGE_TEXT_LENGTH = 16_384

/**
 * Contents of one write: as few pieces as possible, most often one string. The string is latin1 while all of it is
 * ASCII, and becomes UTF-8 with the first part that is not: one write for the whole batch. Text and raw bytes (one
 * character per byte) never share a string, because no encoding fits both.
 */
export class OutgoingBatch {
  #chunks: OutgoingChunk[] = []
  #text = ''
  #form: 'ascii' | 'utf8' | 'bytes' = 'ascii'
  #length = 0
  #taken = 0
  // State that `rollBack` restores; fields, because an object for each command would cost more.
  #markedChunks = 0
  #markedText = ''
  #markedForm: 'ascii' | 'utf8' | 'bytes' = 'ascii'
  #markedLength = 0

  /** Bytes in the batch. */
  get length(): number {
    return this.#length
  }

  /** Bytes that were taken since the beginning. */
  get taken(): number {
    return this.#taken
  }

  /** Remembers the present state, before a command is added that may fail half-way. */
  mark(): void {
    this.#markedChunks = this.#chunks.length
    this.#markedText = this.#text
    this.#markedForm = this.#form
    this.#markedLength = this.#length
  }

  /** Drops everything added since `mark`. */
  rollBack(): void {
    this.#chunks.length = this.#markedChunks
    this.#text = this.#markedText
    this.#form = this.#markedForm
    this.#length = this.#markedLength
  }

  addAscii(text: string): void {
    this.#text += text
    this.#length += text.length
  }

  /** Adds a word after a space. Two steps: joining them first would make one more string. */
  addWord(word: string): void {
    this.#text += ' '
    this.#text += word
    this.#length += word.length + 1
  }

  /** Adds text that UTF-8 writes with more than one byte per character; `bytes` is its length then. */
  addUtf8(text: string, bytes: number): void {
    if (this.#form === 'bytes') this.#seal()
    this.#form = 'utf8'
    this.#text += text
    this.#length += bytes
  }

  /** Adds bytes given as text, one character per byte. */
  addByteText(text: string): void {
    if (this.#form === 'utf8') this.#seal()
    this.#form = 'bytes'
    this.addAscii(text)
  }

  /** Adds a text body; `bytes` is its length in UTF-8. */
  addTextBody(text: string, bytes: number): void {
    if (text.length >= LARGE_TEXT_LENGTH) {
      this.#seal()
      this.#chunks.push({ data: text, encoding: bytes === text.length ? 'latin1' : 'utf8', onReleased: undefined })
      this.#length += bytes
    } else if (bytes === text.length) this.addAscii(text)
    else this.addUtf8(text, bytes)
  }

  /** Adds bytes without copying them; they must not change until `onReleased`. */
  addLargeBody(data: Uint8Array, onReleased: () => void): void {
    this.#seal()
    this.#chunks.push({ data, encoding: 'latin1', onReleased })
    this.#length += data.length
  }

  /** Returns all pieces and starts anew. */
  take(): OutgoingChunk[] {
    this.#seal()
    const chunks = this.#chunks
    this.#chunks = []
    this.#taken += this.#length
    this.#length = 0
    this.#markedText = ''
    return chunks
  }

  #seal(): void {
    if (this.#text !== '') {
      const encoding = this.#form === 'utf8' ? 'utf8' : 'latin1'
      this.#chunks.push({ data: this.#text, encoding, onReleased: undefined })
    }
    this.#text = ''
    this.#form = 'ascii'
  }
}
