import { Buffer } from 'node:buffer'
import type { OutputStream } from './host.ts'

/** Characters that are gathered before they are written within a turn. */
const GATHERED = 32_768

/** Width of what is no terminal, in columns. */
const DEFAULT_COLUMNS = 100
const DEFAULT_ROWS = 24

/** Writer of text: gathers what is written in a turn, and notices when the reader has left. */
export class Output {
  readonly #stream: OutputStream
  #text = ''
  #isScheduled = false
  #isBroken = false
  #drained: Promise<void> | undefined

  /** @param onBroken - Called once when the reader of the stream has left (`| head`): what is written later is dropped. */
  constructor(stream: OutputStream, onBroken: () => void) {
    this.#stream = stream
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
      if (!this.#isBroken) onBroken()
      this.#isBroken = true
    })
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true
  }

  /** Width in columns: of the terminal, or 100; a terminal that does not know its size says 0. */
  get columns(): number {
    return this.#stream.columns || DEFAULT_COLUMNS
  }

  /** Height in lines: of the terminal, or 24. */
  get rows(): number {
    return this.#stream.rows || DEFAULT_ROWS
  }

  /** Whether the reader has left. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** Writes text. */
  write(text: string): void {
    this.#text += text
    if (this.#text.length > GATHERED) this.flush()
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      process.nextTick(() => this.flush())
    }
  }

  /** Writes a line; the line feed is added. */
  line(text = ''): void {
    this.write(`${text}\n`)
  }

  /** Writes bytes as they are. */
  bytes(data: Uint8Array): void {
    this.flush()
    this.#push(Buffer.from(data))
  }

  /** Writes a value as one line of JSON. See {@link toJson}. */
  json(value: unknown): void {
    this.line(toJson(value))
  }

  /**
   * Promise to wait for before more is written, where the reader is slow; undefined: go on. Loops that write many lines
   * do `const full = out.full; if (full !== undefined) await full`.
   */
  get full(): Promise<void> | undefined {
    return this.#drained
  }

  /** Resolves when all that was written has left. */
  end(): Promise<void> {
    this.flush()
    return new Promise((resolve) => {
      if (this.#isBroken || this.#stream.destroyed) resolve()
      // Called with an error, too, when the stream breaks.
      else this.#stream.write('', () => resolve())
    })
  }

  /** Hands what was written to the stream now, so that it stands before what another stream gets. */
  flush(): void {
    this.#isScheduled = false
    const text = this.#text
    this.#text = ''
    if (text !== '') this.#push(text)
  }

  #push(data: string | Buffer): void {
    if (this.#isBroken || this.#stream.write(data)) return
    this.#drained ??= new Promise((resolve) => {
      const go = (): void => {
        this.#stream.off('drain', go).off('close', go).off('error', go)
        this.#drained = undefined
        resolve()
      }
      this.#stream.on('drain', go).on('close', go).on('error', go)
    })
  }
}

/**
 * Returns a value as JSON in one line: a bigint as a number where that is exact, else as text; bytes as base64; a `Map` as
 * an object.
 *
 * @param indent - Blanks in front of each level; with them the text has several lines.
 */
export function toJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, convertMember, indent)
}

/** Replacer for `JSON.stringify`. */
function convertMember(this: Record<string, unknown>, name: string, json: unknown): unknown {
  // Buffers have a toJSON of their own, which makes a list of numbers.
  const own = this[name]
  if (own instanceof Uint8Array) return Buffer.from(own).toString('base64')
  if (json instanceof Map) return Object.fromEntries(json)
  if (typeof json !== 'bigint') return json
  return Number.isSafeInteger(Number(json)) ? Number(json) : String(json)
}
