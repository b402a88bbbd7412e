import type {
  SocketAddress,
  SocketConnect,
  SocketOptions,
  SocketReader,
  SocketWriter,
  WorkerSocket,
} from '../../../src/cloudflare/worker-socket.ts'

type Read = Awaited<ReturnType<SocketReader['read']>>

/** Promise that a test settles. */
class Settled<T> {
  resolve!: (value: T) => void
  reject!: (error: unknown) => void
  readonly promise: Promise<T> = new Promise((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })
}

/** Socket of a Worker without a network. */
export class FakeSocket implements WorkerSocket {
  readonly #opening = new Settled<void>()
  readonly #closing = new Settled<void>()
  readonly #waiting: Settled<Read>[] = []
  readonly opened: Promise<void> = this.#opening.promise
  readonly closed: Promise<void> = this.#closing.promise
  /** Writes, as they came. */
  readonly written: string[] = []
  /** Names that TLS was started for. */
  readonly tlsNames: string[] = []
  /** Writes that the runtime has not taken yet. */
  readonly writes: Settled<void>[] = []
  isClosed = false
  readonly readable: { getReader(): SocketReader } = { getReader: () => ({ read: () => this.#read() }) }
  readonly writable: { getWriter(): SocketWriter } = { getWriter: () => ({ write: (bytes) => this.#write(bytes) }) }

  open(): void {
    this.#opening.resolve()
  }

  refuse(error: unknown): void {
    this.#opening.reject(error)
    this.#closing.reject(error)
  }

  /** Number of reads that wait for bytes. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Answers the oldest read; without text, by the end. */
  give(text?: string): void {
    const read = text === undefined ? { done: true } : { done: false, value: new TextEncoder().encode(text) }
    this.#waiting.shift()!.resolve(read)
  }

  fail(error: unknown): void {
    this.#closing.reject(error)
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.#closing.resolve()
  }

  startTls({ expectedServerHostname }: { readonly expectedServerHostname: string }): WorkerSocket {
    this.tlsNames.push(expectedServerHostname)
    return this
  }

  #read(): Promise<Read> {
    const read = new Settled<Read>()
    this.#waiting.push(read)
    return read.promise
  }

  #write(bytes: Uint8Array): Promise<void> {
    this.written.push(new TextDecoder().decode(bytes))
    const write = new Settled<void>()
    this.writes.push(write)
    return write.promise
  }
}

/** Calls of `connect`, each with the socket that it gave. */
export class FakeRuntime {
  readonly calls: (readonly [SocketAddress, SocketOptions])[] = []
  readonly socket: FakeSocket = new FakeSocket()
  readonly connect: SocketConnect = (address, options) => {
    this.calls.push([address, options])
    return this.socket
  }
}
