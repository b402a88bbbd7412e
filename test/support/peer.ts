import type { Socket } from 'node:net'

/** A request as a memcached would cut it from the stream. */
export interface ReceivedCommand {
  /** The line without CRLF, as latin1. */
  readonly line: string
  readonly words: readonly string[]
  /** The data block of a storage command. */
  readonly body: Buffer | undefined
}

/** What the handshake of a scripted connection answers. */
export interface HandshakeAnswers {
  /** Default `1.6.45`. */
  readonly version?: string
  /** Reply to `mn`; `close` ends the connection instead; `none` when the client will not ask. Default `MN`. */
  readonly mn?: 'MN' | 'ERROR' | 'close' | 'none'
}

/** The connection ended while the script waited for more. */
export class PeerGone extends Error {}

const bodyWords = new Map([
  ['set', 4],
  ['add', 4],
  ['replace', 4],
  ['append', 4],
  ['prepend', 4],
  ['cas', 4],
  ['ms', 2],
])

const GREETING = 'version\r\n'
/** What a client sends after a quarter of a second of silence. */
const REPEATS = GREETING.repeat(2)

/**
 * Where a busy machine keeps a script from answering `version` at once, the client asks twice more, and wants three answers.
 * A script need not know: its answer is given to each question.
 */
class RepeatedGreeting {
  readonly #send: (answer: string) => void
  readonly #onSettled: () => void
  #received = ''
  #answer: string | undefined
  #owed = 0

  constructor(socket: Socket, onSettled: () => void) {
    this.#onSettled = onSettled
    const write = socket.write.bind(socket) as (data: string | Uint8Array, ...rest: unknown[]) => boolean
    this.#send = (answer) => void write(answer)
    socket.write = (data: string | Uint8Array, ...rest: unknown[]): boolean => {
      socket.write = write
      // Not the banner of a server that is full.
      if (this.#received !== '') this.#answer = Buffer.from(data as Uint8Array).toString('latin1')
      const result = write(data, ...rest)
      this.#settle()
      return result
    }
  }

  /** Whether this is the question still, or ends in its repetitions. */
  take(chunk: Buffer): boolean | 'repeated' {
    this.#received += chunk.toString('latin1')
    if (this.#received === GREETING) return true
    if (this.#received !== GREETING + REPEATS) return false
    this.#owed = 2
    this.#settle()
    return 'repeated'
  }

  #settle(): void {
    if (this.#owed === 0 || this.#answer?.endsWith('\n') !== true) return
    this.#onSettled()
    for (; this.#owed > 0; this.#owed--) this.#send(this.#answer)
  }
}

/** The server's end of one scripted connection. */
export class Peer {
  readonly socket: Socket
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>
  #captured: Buffer[] = []
  #unread: Buffer = Buffer.alloc(0)
  #ended = false
  #onChange: () => void = () => {}
  /** Answers to the question that opens a connection, where it comes again; undefined once anything else was received. */
  #greeting: RepeatedGreeting | undefined

  constructor(socket: Socket) {
    this.socket = socket
    // Nor do the repetitions stand in what was received, once they are answered.
    this.#greeting = new RepeatedGreeting(socket, () => {
      this.#captured = [Buffer.from(GREETING)]
    })
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.#captured.push(chunk)
      const isGreeting = this.#greeting?.take(chunk)
      if (isGreeting === false) this.#greeting = undefined
      const fresh = isGreeting === 'repeated' ? chunk.subarray(0, -REPEATS.length) : chunk
      this.#unread = this.#unread.length === 0 ? fresh : Buffer.concat([this.#unread, fresh])
      this.#onChange()
    })
    socket.on('end', () => {
      this.#ended = true
      socket.end()
      this.#onChange()
    })
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#ended = true
        this.#onChange()
        resolve()
      })
    })
  }

  /** Lets the script see, and answer, the questions that a client repeats at the beginning. */
  takeRepetitions(): void {
    this.#greeting = undefined
  }

  /** Every byte that this connection received. */
  get received(): Buffer {
    return Buffer.concat(this.#captured)
  }

  /** All received bytes as latin1. */
  get receivedText(): string {
    return this.received.toString('latin1')
  }

  /** True when the client ended or destroyed its side. */
  get ended(): boolean {
    return this.#ended
  }

  /** Waits until `wanted` has arrived, and consumes everything up to its end; gives what it consumed, as latin1. */
  async expect(wanted: string | RegExp): Promise<string> {
    for (;;) {
      const end = endOf(wanted, this.#unread)
      if (end >= 0) return this.#take(end).toString('latin1')
      await this.#more(String(wanted))
    }
  }

  /** The next line, without CRLF. */
  async line(): Promise<string> {
    return (await this.expect('\r\n')).slice(0, -2)
  }

  /** The next command, its data block included. */
  async command(): Promise<ReceivedCommand> {
    const line = await this.line()
    const words = line.split(' ')
    const at = bodyWords.get(words[0]!)
    if (at === undefined) return { line, words, body: undefined }
    const body = await this.bytes(Number(words[at]) + 2)
    return { line, words, body: body.subarray(0, -2) }
  }

  /** The next `count` bytes. */
  async bytes(count: number): Promise<Buffer> {
    while (this.#unread.length < count) await this.#more(`${count} bytes`)
    return this.#take(count)
  }

  #take(count: number): Buffer {
    const taken = this.#unread.subarray(0, count)
    this.#unread = this.#unread.subarray(count)
    return taken
  }

  async #more(what: string): Promise<void> {
    if (this.#ended) throw new PeerGone(`the client left while the script waited for ${what}`)
    await new Promise<void>((resolve) => {
      this.#onChange = resolve
    })
  }

  /** Answers `version`, then `mn` where the answers say that it will come. */
  async answerHandshake(answers: HandshakeAnswers = {}): Promise<void> {
    await this.expect('version\r\n')
    this.reply(`VERSION ${answers.version ?? '1.6.45'}\r\n`)
    const mn = answers.mn ?? 'MN'
    if (mn === 'none') return
    await this.expect('mn\r\n')
    if (mn === 'close') this.socket.end()
    else this.reply(`${mn}\r\n`)
  }

  /** Writes in one piece. */
  reply(bytes: string | Uint8Array): void {
    this.socket.write(toBuffer(bytes))
  }

  /** Writes byte by byte, each in a turn of its own. */
  async replyPerByte(bytes: string | Uint8Array): Promise<void> {
    for (const byte of toBuffer(bytes)) {
      this.socket.write(Uint8Array.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** TCP reset, at once. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** FIN; still reads. */
  halfClose(): void {
    this.socket.end()
  }

  /** Reads nothing more until `resume`: the client's writes stall once the kernel's buffers are full. */
  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }
}

/** The ` O<opaque>` flag of a meta command, to be put behind a reply; empty when it carries none. */
export function opaqueOf(command: ReceivedCommand): string {
  const flag = command.words.find((word, at) => at >= 2 && word.startsWith('O'))
  return flag === undefined ? '' : ` ${flag}`
}

function endOf(wanted: string | RegExp, bytes: Buffer): number {
  if (typeof wanted === 'string') {
    const at = bytes.indexOf(wanted, 0, 'latin1')
    return at < 0 ? -1 : at + wanted.length
  }
  const match = wanted.exec(bytes.toString('latin1'))
  return match === null ? -1 : match.index + match[0].length
}

function toBuffer(bytes: string | Uint8Array): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
}
