import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { latin1Slice } from '../buffer-slices.ts'
import { AuthError, ConnectError } from '../errors.ts'
import { findLineFeed, GARBAGE, NEED_MORE } from '../protocol/byte-scan.ts'
import { META_SINCE, parseServerVersion, type ServerVersion, UNKNOWN_VERSION } from '../protocol/server-version.ts'
import type { Credentials, Server } from '../server-address.ts'
import type { Attempt } from './attempt.ts'
import { DeadAddresses } from './dead-addresses.ts'
import { failureReason } from './failure-reason.ts'
import type { ResolvedConnectionOptions } from './options.ts'
import { tlsOf } from './tls-of.ts'
import type { Transport } from './transport.ts'
import { UnknownCommands } from './unknown-commands.ts'

/** What is remembered of a server from one connection to the next. */
export interface ServerMemory {
  /** The version text of a server that says it speaks meta and does not: it refused `mn`, or closed on it. */
  refusedMetaAs: string | undefined
  /** Until when that holds, on the monotonic clock. */
  refusedMetaUntil: number
  /** How often in a row it closed on `mn`; once may be chance. */
  metaCloses: number
  /** When reads may share lines again, on the monotonic clock: it refused such a line. */
  shareLinesFrom: number
  /** Commands that it does not know. */
  readonly unknownCommands: UnknownCommands
  /** Addresses of its name that gave no connection. */
  readonly deadAddresses: DeadAddresses
}

/** What is known of a server that was never asked. */
export function createServerMemory(): ServerMemory {
  return {
    refusedMetaAs: undefined,
    refusedMetaUntil: 0,
    metaCloses: 0,
    shareLinesFrom: 0,
    unknownCommands: new UnknownCommands(),
    deadAddresses: new DeadAddresses(),
  }
}

/** What a handshake found out. */
export interface Greeting {
  readonly protocol: 'meta' | 'text'
  readonly version: ServerVersion
}

/** The server closed on `mn`: it must be dialled again, and spoken to in text. */
export class MetaRefused extends Error {
  override readonly name = 'MetaRefused'
}

/**
 * Logs in, asks the version, and decides the protocol. Nothing is sent behind a login before its answer: replies to
 * commands before a login overwrite each other (memcached 1.6.18 to 1.6.45). `version` comes before `mn`, because
 * newer servers with a login close on a first line of less than six bytes.
 */
export async function shakeHands(
  transport: Transport,
  server: Server,
  options: ResolvedConnectionOptions,
  memory: ServerMemory,
  attempt: Attempt,
  withoutAsking: boolean,
): Promise<Greeting> {
  const lines = new LineExchange(transport, server.name, attempt)
  const auth = server.auth ?? options.auth
  if (auth !== undefined) await logIn(lines, server.name, auth, attempt)
  attempt.stage = `waiting for the answer of ${server.name} to "version"${tlsOf(server, options) === undefined ? ' (does that port want TLS?)' : ''}`
  const answer = await lines.ask('version\r\n')
  const version = readVersion(answer, server, options)
  if (options.protocol === 'text') return { protocol: 'text', version }
  if (version.order < META_SINCE) return withoutMeta(server, options, version, answer)
  if (withoutAsking || (options.protocol === 'auto' && refusesMeta(memory, answer))) {
    return withoutMeta(server, options, version, answer)
  }
  attempt.stage = `waiting for the answer of ${server.name} to "mn"`
  const meta = await askMeta(lines, attempt)
  memory.metaCloses = meta === undefined ? memory.metaCloses + 1 : 0
  if (meta === 'MN') return { protocol: 'meta', version }
  memory.refusedMetaAs = answer
  const forGood = meta !== undefined || memory.metaCloses >= CLOSES_THAT_COUNT
  memory.refusedMetaUntil = forGood ? Number.POSITIVE_INFINITY : performance.now() + DOUBT_MS
  const greeting = withoutMeta(server, options, version, `${answer}, and ${meta ?? 'nothing'} to mn`)
  if (meta === undefined) throw new MetaRefused()
  return greeting
}

/** A server that closed on `mn` so often in a row does so because it does not know it. */
const CLOSES_THAT_COUNT = 2

/** After the first time it is asked again when this has passed, in milliseconds. */
const DOUBT_MS = 60_000

/** Whether this server, while it gives this answer to `version`, need not be asked for meta again. */
function refusesMeta(memory: ServerMemory, answer: string): boolean {
  return memory.refusedMetaAs === answer && performance.now() < memory.refusedMetaUntil
}

/** The answer to `mn`; undefined when the server closed on it. */
async function askMeta(lines: LineExchange, attempt: Attempt): Promise<string | undefined> {
  try {
    return await lines.ask('mn\r\n')
  } catch (error) {
    if (attempt.signal.aborted || !(error instanceof ConnectError)) throw error
    return undefined
  }
}

function withoutMeta(
  server: Server,
  options: ResolvedConnectionOptions,
  version: ServerVersion,
  answer: string,
): Greeting {
  if (options.protocol !== 'meta') return { protocol: 'text', version }
  throw new ConnectError(
    `${server.name} does not speak the meta protocol, which the option protocol: 'meta' demands: it answered ${JSON.stringify(answer.slice(0, 80))}; memcached 1.6.10 or newer does`,
    { server: server.name },
  )
}

function readVersion(answer: string, server: Server, options: ResolvedConnectionOptions): ServerVersion {
  const name = server.name
  if (answer.startsWith('CLIENT_ERROR unauthenticated')) {
    throw new AuthError(`${name} wants a login: give the option auth`, { server: name })
  }
  const known = server.version === undefined ? undefined : parseServerVersion(server.version)
  if (answer.startsWith('VERSION ')) return known ?? parseServerVersion(answer.slice('VERSION '.length))
  // A proxy without a live backend answers `version` with SERVER_ERROR and may carry out commands all the same.
  if (options.protocol !== 'meta') return known ?? UNKNOWN_VERSION
  throw new ConnectError(`${name} does not answer like a memcached: ${JSON.stringify(answer.slice(0, 80))}`, {
    server: name,
  })
}

/**
 * Sends the login as a `set` of a random key that has expired already: where no login is on, it stores nothing of the
 * password (seen on memcached 1.6.18 and 1.6.45).
 */
async function logIn(lines: LineExchange, server: string, auth: Credentials, attempt: Attempt): Promise<void> {
  attempt.stage = `logging in to ${server}`
  const login = `${auth.username} ${auth.password}`
  const key = randomBytes(8).toString('hex')
  const answer = await lines.ask(`set ${key} 0 -1 ${Buffer.byteLength(login)}\r\n${login}\r\n`)
  if (answer === 'STORED') return
  // The server's words alone: the login must not reach a message.
  throw new AuthError(`${server} refused the login: ${answer.slice(0, 80)}`, { server })
}

/** One line out, one line in. */
class LineExchange {
  readonly #transport: Transport
  readonly #server: string
  readonly #attempt: Attempt
  #resolve: ((line: string) => void) | undefined
  #reject: ((error: Error) => void) | undefined
  #ended: Error | undefined

  constructor(transport: Transport, server: string, attempt: Attempt) {
    this.#transport = transport
    this.#server = server
    this.#attempt = attempt
    transport.setListener({
      receive: (bytes, start, end) => this.#receive(bytes, start, end),
      drained: () => undefined,
      closed: (error) => {
        const why = error === undefined ? '' : ` (${failureReason(error)})`
        this.#end(new ConnectError(`${server} closed the connection${why}, ${attempt.stage}`, { server, cause: error }))
      },
    })
  }

  ask(text: string): Promise<string> {
    const answer = new Promise<string>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (this.#ended !== undefined) reject(this.#ended)
    })
    this.#transport.write([{ data: text, encoding: 'utf8', onReleased: undefined }])
    return this.#attempt.race(answer)
  }

  #receive(bytes: Buffer, start: number, end: number): number {
    const lineFeed = findLineFeed(bytes, start, end)
    if (lineFeed === NEED_MORE) return start
    if (lineFeed === GARBAGE || lineFeed + 1 < end || this.#resolve === undefined) return this.#babble(end)
    const line = latin1Slice(bytes, start, lineFeed).replace(/\r$/, '')
    const resolve = this.#resolve
    this.#resolve = undefined
    // The banner comes without being asked for, right behind the accept, and stands for every answer.
    if (line.startsWith('ERROR Too many open connections'))
      this.#end(this.#error(`is at its connection limit: ${line}`))
    resolve(line)
    return end
  }

  #babble(end: number): number {
    this.#end(this.#error('sends more than was asked for; is it a memcached?'))
    return end
  }

  #error(what: string): ConnectError {
    return new ConnectError(`${this.#server} ${what}`, { server: this.#server })
  }

  #end(error: Error): void {
    this.#ended ??= error
    this.#reject?.(this.#ended)
  }
}
