import { connect, createServer } from 'node:net'
import { Listener } from './front.mjs'
import { lengthOfReply } from './replies.mjs'
import { dialectOf, takeRequest } from './requests.mjs'

const FLOOD_CHUNK_BYTES = 2 ** 18
const FLOOD_BYTES = 160 * 2 ** 20

/**
 * Stands before a real server and knows where requests and replies begin and end. A hook decides about each reply:
 * `undefined` lets it pass; `{ send, after }` sends something else (bytes, or a list of them), and then resets the connection
 * (`reset`), ends it (`end`) or lets nothing more through (`mute`).
 */
export class Interceptor extends Listener {
  /** Decides about `{ dialect, word, kind, keys, opaque, reply }` on a connection, which has `send` and `held`. */
  hook
  #open = new Set()

  static async start(port) {
    const interceptor = new Interceptor(
      createServer({ allowHalfOpen: true }, (socket) => interceptor.#accept(socket, port)),
    )
    await interceptor.listen()
    return interceptor
  }

  #accept(socket, port) {
    const connection = new Connection(socket, port, (exchange) => this.hook?.(exchange, connection))
    this.#open.add(connection)
    socket.on('close', () => this.#open.delete(connection))
  }

  /** Lets nothing more through on the connections that are open now. */
  silenceOpen() {
    for (const connection of this.#open) connection.mute()
  }

  /** Sends bytes to every client that is connected, asked or not. */
  sayUnasked(bytesFor) {
    for (const connection of this.#open)
      if (connection.dialect !== undefined) connection.send(bytesFor(connection.dialect))
  }
}

class Connection {
  #socket
  #upstream
  #hook
  #requests = []
  #asked = Buffer.alloc(0)
  #answered = Buffer.alloc(0)
  #isMute = false
  /** Replies that a hook keeps back. */
  held = []
  dialect

  constructor(socket, port, hook) {
    this.#socket = socket
    this.#hook = hook
    this.#upstream = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
    this.#upstream.on('error', () => socket.destroy())
    this.#upstream.on('data', (chunk) => this.#onReply(chunk))
    this.#upstream.on('end', () => socket.end())
    socket.on('data', (chunk) => this.#onRequest(chunk))
    socket.on('end', () => this.#upstream.end())
    socket.on('close', () => this.#upstream.destroy())
  }

  send(bytes) {
    if (!this.#socket.destroyed && !this.#isMute) this.#socket.write(bytes)
  }

  /** Sends letters until the client ends the connection, or has taken 160 MiB. */
  flood() {
    const chunk = Buffer.alloc(FLOOD_CHUNK_BYTES, 'x')
    let left = FLOOD_BYTES
    const more = () => {
      while (left > 0 && !this.#socket.destroyed) {
        left -= chunk.length
        if (!this.#socket.write(chunk)) return this.#socket.once('drain', () => setTimeout(more, 1))
      }
    }
    more()
  }

  mute() {
    this.#isMute = true
  }

  #onRequest(chunk) {
    this.dialect ??= dialectOf(chunk[0])
    this.#asked = this.#asked.length === 0 ? chunk : Buffer.concat([this.#asked, chunk])
    for (;;) {
      const request = takeRequest(this.#asked, this.dialect)
      if (request === undefined) break
      this.#asked = this.#asked.subarray(request.length)
      if (request.hasReply) this.#requests.push(request)
    }
    this.#upstream.write(chunk)
  }

  #onReply(chunk) {
    this.#answered = this.#answered.length === 0 ? chunk : Buffer.concat([this.#answered, chunk])
    while (this.#requests.length > 0) {
      const [request] = this.#requests
      const length = lengthOfReply(this.#answered, this.dialect, request)
      if (length === undefined) return
      this.#requests.shift()
      const reply = this.#answered.subarray(0, length)
      this.#answered = this.#answered.subarray(length)
      this.#decide({ ...request, dialect: this.dialect, reply })
    }
    // An answer without a question, such as a refusal at once.
    if (this.#answered.length > 0) this.send(this.#answered)
    this.#answered = Buffer.alloc(0)
  }

  #decide(exchange) {
    const decision = this.#hook(exchange)
    if (decision === undefined) return this.send(exchange.reply)
    for (const bytes of [decision.send ?? []].flat()) this.send(bytes)
    switch (decision.after) {
      case 'reset':
        // After what was sent has left.
        return this.#socket.write('', () => setTimeout(() => this.#socket.resetAndDestroy(), 20))
      case 'end':
        this.#isMute = true
        return this.#socket.end()
      case 'mute':
        this.mute()
    }
  }
}
