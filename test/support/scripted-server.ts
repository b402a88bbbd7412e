import { type AddressInfo, createServer, type Server } from 'node:net'
import { type HandshakeAnswers, Peer, PeerGone } from './peer.ts'

/** What the server does with one connection; `index` counts connections from 0. */
export type Script = (peer: Peer, index: number) => void | Promise<void>

/** A TCP server on loopback that does exactly what the test says. */
export class ScriptedServer {
  /** Every connection so far, in order. */
  readonly peers: Peer[] = []
  readonly #server: Server
  readonly #failures: unknown[] = []

  private constructor(script: Script) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      const peer = new Peer(socket)
      this.peers.push(peer)
      void this.#run(script, peer, this.peers.length - 1)
    })
  }

  /** Listens; every connection runs the script from its start. */
  static async start(script: Script, port = 0): Promise<ScriptedServer> {
    const scripted = new ScriptedServer(script)
    await new Promise<void>((resolve, reject) => {
      scripted.#server.once('error', reject)
      scripted.#server.listen(port, '127.0.0.1', resolve)
    })
    return scripted
  }

  /** As `start`, with the handshake answered before the script begins. */
  static startReady(script: Script, answers: HandshakeAnswers = {}): Promise<ScriptedServer> {
    return ScriptedServer.start(async (peer, index) => {
      await peer.answerHandshake(answers)
      await script(peer, index)
    })
  }

  async #run(script: Script, peer: Peer, index: number): Promise<void> {
    try {
      await script(peer, index)
    } catch (error) {
      if (!(error instanceof PeerGone)) this.#failures.push(error)
    }
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** How many connections there were so far. */
  get connections(): number {
    return this.peers.length
  }

  /** All bytes of all connections, as latin1. */
  get receivedText(): string {
    return this.peers.map((peer) => peer.receivedText).join('')
  }

  /** Ends everything; throws what a script threw. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const peer of this.peers) peer.socket.destroy()
    await closed
    if (this.#failures.length > 0) throw this.#failures[0]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
