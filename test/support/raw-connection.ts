import { readFileSync } from 'node:fs'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** How to reach a server without the client under test. */
export interface Endpoint {
  readonly port?: number
  readonly path?: string
  /** PEM file of the authority: speak TLS. */
  readonly authority?: string
  readonly login?: Login
}

/** Account for the ASCII login. */
export interface Login {
  readonly username: string
  readonly password: string
}

/** A side door to a server: bytes in, bytes out. */
export class RawConnection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #ended = false
  #onChange: () => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#onChange()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#ended = true
      this.#onChange()
    })
  }

  /** Connects, and logs in where the endpoint says so. */
  static async open(endpoint: Endpoint): Promise<RawConnection> {
    const connection = new RawConnection(await dial(endpoint))
    if (endpoint.login !== undefined) {
      const words = `${endpoint.login.username} ${endpoint.login.password}`
      await connection.ask(`set login 0 0 ${words.length}\r\n${words}\r\n`)
    }
    return connection
  }

  /** Writes a request and gives the reply up to and including `end` (default: one line), as latin1. */
  async ask(request: string | Uint8Array, end = '\r\n'): Promise<string> {
    this.#socket.write(request)
    for (;;) {
      const at = this.#received.indexOf(end)
      if (at >= 0) {
        const reply = this.#received.subarray(0, at + end.length).toString('latin1')
        this.#received = this.#received.subarray(at + end.length)
        return reply
      }
      if (this.#ended) throw new Error(`connection ended, received: ${this.#received.toString('latin1')}`)
      await new Promise<void>((resolve) => {
        this.#onChange = resolve
      })
    }
  }

  /** The `STAT` lines of `stats`. */
  async stats(): Promise<Map<string, string>> {
    const reply = await this.ask('stats\r\n', 'END\r\n')
    return new Map([...reply.matchAll(/^STAT (\S+) (.*)\r$/gm)].map((match) => [match[1]!, match[2]!]))
  }

  /** Writes something that is not answered yet. */
  write(bytes: string): void {
    this.#socket.write(bytes)
  }

  close(): void {
    this.#socket.destroy()
  }
}

function dial(endpoint: Endpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(endpoint)
    socket.once('error', reject)
    socket.once(endpoint.authority === undefined ? 'connect' : 'secureConnect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

function createSocket({ port, path, authority }: Endpoint): Socket {
  if (path !== undefined) return connectPlain(path)
  const address = { host: '127.0.0.1', port: port ?? 11211 }
  if (authority === undefined) return connectPlain(address)
  return connectTls({ ...address, ca: readFileSync(authority), servername: 'localhost' })
}

/** One question on a connection of its own. */
export async function askRaw(endpoint: Endpoint, request: string | Uint8Array, end = '\r\n'): Promise<string> {
  const connection = await RawConnection.open(endpoint)
  try {
    return await connection.ask(request, end)
  } finally {
    connection.close()
  }
}
