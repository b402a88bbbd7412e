import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EXIT } from '../exit-code.ts'
import { Failure } from '../failure.ts'
import type { HttpAnswer, HttpQuestion } from './http-answers.ts'
import type { ListenAddress } from './listen-address.ts'

/** Answers a request. */
type Answerer = (question: HttpQuestion) => Promise<HttpAnswer>

/** HTTP server of the exporter. */
export class ExporterServer {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** Listens; rejects with a `Failure` that says what to do. */
  static async start(address: ListenAddress, answer: Answerer): Promise<ExporterServer> {
    const server = createServer((request, response) => {
      void respond(request, response, answer)
    })
    server.listen(address.port, address.host)
    try {
      await once(server, 'listening')
    } catch (cause) {
      throw new Failure(explain(cause as NodeJS.ErrnoException, address), EXIT.connection, { cause })
    }
    return new ExporterServer(server)
  }

  /** Where it listens: `http://127.0.0.1:9150`. */
  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  }

  /** Resolves when the signal has aborted and the server is closed. */
  async closeAt(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await once(signal, 'abort')
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

async function respond(request: IncomingMessage, response: ServerResponse, answer: Answerer): Promise<void> {
  const { method = '', url = '/', headers } = request
  const { status, type, body } = await answer({ method, url, host: headers.host }).catch(
    (): HttpAnswer => ({ status: 400, type: 'text/plain', body: 'The request cannot be read.\n' }),
  )
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(method === 'HEAD' ? undefined : body)
}

function explain({ code, message }: NodeJS.ErrnoException, { host, port }: ListenAddress): string {
  if (code === 'EADDRINUSE') return `port ${port} on ${host} is in use; choose another with --listen`
  if (code === 'EACCES') return `port ${port} is not allowed for this user; choose one above 1023 with --listen`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `${host} is no address of this machine; see --listen`
  return message
}
