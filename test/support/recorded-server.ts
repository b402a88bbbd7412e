import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { MemcachedServer } from '../../src/server/memcached-server.ts'

/** What reached the server on one connection, and how much of it had arrived when the server spoke last. */
interface Recording {
  received: string
  receivedBeforeLastReply: number
}

/** A server, and before it a recorder of what reaches it: what is not recorded, the server has not carried out. */
export class RecordedServer {
  readonly server: MemcachedServer
  readonly #recorder: Server
  readonly #sockets: Set<Socket> = new Set()
  #recordings: Recording[] = []

  private constructor(server: MemcachedServer) {
    this.server = server
    this.#recorder = createServer((socket) => this.#record(socket))
  }

  static async start(): Promise<RecordedServer> {
    const recorded = new RecordedServer(await MemcachedServer.start())
    await new Promise<void>((resolve) => recorded.#recorder.listen(0, '127.0.0.1', resolve))
    return recorded
  }

  get address(): string {
    return `127.0.0.1:${(this.#recorder.address() as AddressInfo).port}`
  }

  /** Forgets what came so far, so that looking stays cheap; connections go on. */
  forget(): void {
    for (const recording of this.#recordings) {
      recording.received = ''
      recording.receivedBeforeLastReply = 0
    }
  }

  /** Whether this text has reached the server. */
  hasReceived(text: string): boolean {
    return this.#recordings.some(({ received }) => received.includes(text))
  }

  /** What reached the server around this text, for a message. */
  around(text: string): string {
    const found = this.#recordings.map(({ received }) => [received, received.indexOf(text)] as const)
    const [received, at] = found.find(([, place]) => place !== -1) ?? ['', 0]
    return JSON.stringify(received.slice(Math.max(0, at - 60), at + text.length + 60))
  }

  /** Whether the server spoke on a connection after this text had reached it there. */
  hasAnswered(text: string): boolean {
    return this.#recordings.some(({ received, receivedBeforeLastReply }) => {
      const at = received.indexOf(text)
      return at !== -1 && at < receivedBeforeLastReply
    })
  }

  #record(client: Socket): void {
    const recording: Recording = { received: '', receivedBeforeLastReply: 0 }
    this.#recordings.push(recording)
    const upstream = connect(this.server.port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => {
        this.#sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (chunk: Buffer) => {
      recording.received += chunk.toString('latin1')
      upstream.write(chunk)
    })
    upstream.on('data', (chunk: Buffer) => {
      recording.receivedBeforeLastReply = recording.received.length
      client.write(chunk)
    })
    // What was received before an end is still carried out.
    client.on('end', () => upstream.end())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#recorder.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
    await this.server.close()
  }
}
