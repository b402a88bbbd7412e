import { connect } from 'node:net'
import { Listener } from './front.mjs'

const HEADER = 24
const LIST = 0x20
const LOG_IN = 0x21
const REFUSED = 0x20

/** The login of the binary protocol, before a memcached without one: Debian's wants a user database for it. */
export class SaslFront {
  #listener
  /** The password that is taken. */
  password

  static async start(port, password) {
    const front = new SaslFront()
    front.password = password
    front.#listener = await Listener.start((socket) => front.#serve(socket, port))
    return front
  }

  get port() {
    return this.#listener.port
  }

  close() {
    this.#listener.close()
  }

  #serve(socket, port) {
    const upstream = connect({ host: '127.0.0.1', port })
    upstream.on('error', () => socket.destroy())
    upstream.on('data', (chunk) => socket.write(chunk))
    upstream.on('close', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
    socket.on('end', () => socket.end())
    let isKnown = false
    let rest = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= HEADER && rest.length >= HEADER + rest.readUInt32BE(8)) {
        const frame = rest.subarray(0, HEADER + rest.readUInt32BE(8))
        rest = rest.subarray(frame.length)
        if (frame[1] === LOG_IN) isKnown = frame.toString().endsWith(`\0${this.password}`)
        if (frame[1] === LIST) socket.write(answer(frame, 0, 'PLAIN'))
        else if (frame[1] === LOG_IN || !isKnown)
          socket.write(answer(frame, isKnown ? 0 : REFUSED, isKnown ? 'Authenticated' : 'Auth failure'))
        else upstream.write(frame)
      }
    })
  }
}

function answer(frame, status, text) {
  const header = Buffer.alloc(HEADER)
  header[0] = 0x81
  header[1] = frame[1]
  header.writeUInt16BE(status, 6)
  header.writeUInt32BE(text.length, 8)
  frame.copy(header, 12, 12, 16)
  return Buffer.concat([header, Buffer.from(text)])
}
