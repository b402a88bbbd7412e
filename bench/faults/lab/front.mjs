import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { createSecureContext, createServer as createTlsServer } from 'node:tls'

/** Listens on a free loopback port; `close` ends its connections too. */
export class Listener {
  #server
  #sockets = new Set()
  connections = 0

  constructor(server) {
    this.#server = server
    server.on('connection', (socket) => {
      this.connections++
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  /** Every socket runs the script. */
  static async start(script) {
    const listener = new Listener(createServer({ allowHalfOpen: true }, script))
    await listener.listen()
    return listener
  }

  listen() {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(0, '127.0.0.1', resolve)
    })
  }

  get port() {
    return this.#server.address().port
  }

  close() {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** Speaks TLS to clients, and plain text to what stands behind it. */
export class TlsFront extends Listener {
  #tls

  constructor(tls) {
    super(tls)
    this.#tls = tls
  }

  static async start(port, pair) {
    const tls = createTlsServer({ ...readPair(pair), allowHalfOpen: true }, (socket) => joinWith(socket, port))
    tls.on('tlsClientError', () => undefined)
    const front = new TlsFront(tls)
    await front.listen()
    return front
  }

  /** Shows another certificate to those who connect from now on. */
  renew(pair) {
    this.#tls.setSecureContext({ ...readPair(pair), ...createSecureContext(readPair(pair)).options })
  }
}

function readPair({ certificate, key }) {
  return { cert: readFileSync(certificate), key: readFileSync(key) }
}

/** Carries bytes, ends and resets from one socket to the other. */
function joinWith(socket, port) {
  const upstream = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  pass(socket, upstream)
  pass(upstream, socket)
}

function pass(from, to) {
  from.on('data', (chunk) => {
    if (!to.write(chunk)) {
      from.pause()
      to.once('drain', () => from.resume())
    }
  })
  from.on('end', () => to.end())
  from.on('error', () => to.destroy())
  from.on('close', () => {
    // A TLS socket has no reset of its own.
    if (!to.writableEnded) to.destroy()
  })
}
