import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** The referee's own connection to a server: what lies there, and what a client of another make would store. */
export class Door {
  #socket
  #isRedis
  #received = Buffer.alloc(0)
  #wake = () => undefined

  constructor(socket, isRedis) {
    this.#socket = socket
    this.#isRedis = isRedis
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('close', () => this.#wake(new Error('the door closed')))
    socket.on('error', () => undefined)
  }

  static async open(protocol, port, { login, ca }) {
    const address = { host: '127.0.0.1', port }
    const socket = ca === undefined ? connect(address) : connectTls({ ...address, ca, servername: 'localhost' })
    await once(socket, ca === undefined ? 'connect' : 'secureConnect')
    const door = new Door(socket, protocol === 'redis')
    if (login !== undefined) await door.#logIn(login)
    else if (protocol === 'redis') await door.#ask('PING\r\n', /^\+PONG/)
    else await door.#ask('version\r\n', /^VERSION/)
    return door
  }

  async #logIn({ username, password }) {
    const words = `${username} ${password}`
    if (this.#isRedis) await this.#ask(`AUTH ${password}\r\n`, /^\+OK/)
    else await this.#ask(`set door 0 0 ${words.length}\r\n${words}\r\n`, /^STORED/)
  }

  /** Stores text as any client would: without flags and for ever. */
  async set(key, value, flags = 0) {
    const data = Buffer.from(value)
    if (this.#isRedis) {
      const head = `*3\r\n$3\r\nSET\r\n$${Buffer.byteLength(key)}\r\n${key}\r\n$${data.length}\r\n`
      await this.#ask(Buffer.concat([Buffer.from(head), data, Buffer.from('\r\n')]), /^\+OK/)
      return
    }
    await this.#ask(
      Buffer.concat([Buffer.from(`set ${key} ${flags} 0 ${data.length}\r\n`), data, Buffer.from('\r\n')]),
      /^STORED/,
    )
  }

  /** The stored bytes as text, or undefined. */
  async get(key) {
    const command = this.#isRedis ? `*2\r\n$3\r\nGET\r\n$${Buffer.byteLength(key)}\r\n${key}\r\n` : `get ${key}\r\n`
    const end = this.#isRedis ? /^\$-1\r\n$|^\$\d+\r\n[\s\S]*\r\n$/ : /^END\r\n$|\r\nEND\r\n$/
    const reply = await this.#ask(command, end)
    if (/^(?:END|\$-1)\r\n$/.test(reply)) return undefined
    const start = reply.indexOf('\r\n') + 2
    return reply.slice(start, this.#isRedis ? -2 : -'\r\nEND\r\n'.length)
  }

  close() {
    this.#socket.destroy()
  }

  /** Sends a command and waits until what came looks as it should. */
  #ask(command, expected) {
    this.#received = Buffer.alloc(0)
    this.#socket.write(command)
    return new Promise((resolve, reject) => {
      this.#wake = (error) => {
        const reply = this.#received.toString()
        if (expected.test(reply)) resolve(reply)
        else if (error !== undefined) reject(error)
        else if (/^(?:-|ERROR|CLIENT_ERROR|SERVER_ERROR)/.test(reply)) reject(new Error(`the server said ${reply}`))
      }
      if (this.#socket.destroyed) this.#wake(new Error('the door closed'))
    })
  }
}
