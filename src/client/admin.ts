import { Buffer } from 'node:buffer'
import { isBytes, UNREADABLE_BYTES, viewOf } from '../bytes.ts'
import { errorOf, InvalidInputError, ServerDownError, ServerError } from '../errors.ts'
import { type Exchange, ONE_LINE, type ReplyEnding, STATS_LINES } from '../protocol/exchange.ts'
import { NOOP, VERSION } from '../protocol/request.ts'
import { type Backend, NO_SERVERS, type ServerExecutor } from '../seam/executor.ts'
import type { NearLayer } from '../seam/near-cache.ts'
import { showValue } from '../show-value.ts'
import { batchError } from './batch.ts'
import { CallDeadline } from './call-deadline.ts'
import type { CallOptions, FlushOptions, RawCommandOptions, ServerOptions, ShutdownOptions } from './call-options.ts'
import { type Dispatcher, isAbsorbable } from './dispatcher.ts'
import { checkTimeout, checkWhole } from './numbers.ts'
import { checkNamed, FLUSH_NAMES, RAW_NAMES, SERVER_NAMES, SHUTDOWN_NAMES } from './option-names.ts'
import { checkRawBody } from './raw-body.ts'
import { readNothing, readVersion } from './results.ts'
import { parseStats, type Stats } from './stats.ts'

/** memcached reads a line of up to 2,048 bytes when it does not come in one piece (memcached 1.6.9 to 1.6.45). */
const MAX_LINE_BYTES = 2048

/** Verbosity and delays are read as 32-bit numbers. */
const MAX_INT32 = 2 ** 31 - 1

/** The servers that a call asks, and the limits of each exchange. */
interface Targets {
  readonly servers: readonly ServerExecutor[]
  readonly limits: Pick<Exchange, 'timeoutMs' | 'signal'>
}

/**
 * Commands to servers rather than about keys. Each goes over a short-lived connection of its own, to every server at
 * once or to the one that is named.
 */
export class AdminCommands {
  readonly #backend: Backend
  readonly #dispatcher: Dispatcher
  readonly #near: NearLayer | undefined

  constructor(backend: Backend, dispatcher: Dispatcher, near?: NearLayer) {
    this.#near = near
    this.#backend = backend
    this.#dispatcher = dispatcher
  }

  version(options: ServerOptions | undefined): Promise<Map<string, string>> {
    return this.#ask('version', options, (server, rest) =>
      this.#dispatcher.runKeyless<string>(server, VERSION, readVersion, rest()),
    )
  }

  ping(options: ServerOptions | undefined): Promise<Map<string, number>> {
    return this.#ask('ping', options, async (server, rest) => {
      const start = performance.now()
      await this.#dispatcher.runKeyless(server, NOOP, readNothing, rest())
      return performance.now() - start
    })
  }

  async noop(options: ServerOptions | undefined): Promise<void> {
    await this.#ask('noop', options, (server, rest) => this.#dispatcher.runKeyless(server, NOOP, readNothing, rest()))
  }

  /** Asks over the connections that commands about keys use. */
  async #ask<T>(
    command: string,
    options: ServerOptions | undefined,
    ask: (server: ServerExecutor, rest: () => CallOptions) => Promise<T>,
  ): Promise<Map<string, T>> {
    checkNamed(command, options, SERVER_NAMES)
    const time = new CallDeadline(this.#dispatcher.timeoutMs, options)
    const servers = await serversOf(this.#backend, options?.server, options)
    return askServers(command, servers, (server) => ask(server, () => time.rest<CallOptions>(options)))
  }

  async stats(given: readonly (string | number | ServerOptions)[]): Promise<Map<string, Stats>> {
    const last = given.at(-1)
    const options = typeof last === 'object' ? last : undefined
    checkNamed('stats', options, SERVER_NAMES)
    const words = given.filter((word): word is string | number => typeof word !== 'object')
    const line = ['stats', ...words.map(checkWord)].join(' ')
    const { servers, limits } = await this.#targets(options)
    return askServers('stats', servers, async (server) =>
      parseStats(await server.exchange({ ...limits, line, ending: STATS_LINES })),
    )
  }

  async flushAll(options: FlushOptions | undefined): Promise<true> {
    checkNamed('flushAll', options, FLUSH_NAMES)
    const delay = checkWhole('delay', options?.delay ?? 0, MAX_INT32)
    return this.#command(delay === 0 ? 'flush_all' : `flush_all ${delay}`, options).finally(() => this.#near?.clear())
  }

  async cacheMemlimit(megabytes: number, options: ServerOptions | undefined): Promise<true> {
    checkNamed('cacheMemlimit', options, SERVER_NAMES)
    return this.#command(`cache_memlimit ${checkWhole('megabytes', megabytes, MAX_INT32, 1)}`, options)
  }

  async verbosity(level: number, options: ServerOptions | undefined): Promise<true> {
    checkNamed('verbosity', options, SERVER_NAMES)
    return this.#command(`verbosity ${checkWhole('level', level, MAX_INT32)}`, options)
  }

  async shutdown(options: ShutdownOptions | undefined): Promise<true> {
    checkNamed('shutdown', options, SHUTDOWN_NAMES)
    return this.#command(options?.graceful === true ? 'shutdown graceful' : 'shutdown', options, { kind: 'close' })
  }

  async rawCommand(line: string, options: RawCommandOptions | undefined): Promise<Buffer> {
    checkNamed('rawCommand', options, RAW_NAMES)
    const request = {
      line: checkLine(line),
      ending: { kind: 'token', token: checkToken(options?.endToken ?? '\r\n') },
      body: options?.body === undefined ? undefined : checkBody(options.body),
    } as const
    checkRawBody(line, request.body?.length)
    const { servers, limits } = await this.#targets(options)
    if (servers.length === 1) return servers[0]!.exchange({ ...limits, ...request })
    throw new InvalidInputError('rawCommand goes to one server: name it with the option server')
  }

  async #command(line: string, options: ServerOptions | undefined, ending: ReplyEnding = ONE_LINE): Promise<true> {
    const { servers, limits } = await this.#targets(options)
    await askServers(line, servers, async (server) => {
      const reply = (await server.exchange({ ...limits, line, ending })).toString('latin1').trimEnd()
      if (reply !== 'OK' && ending.kind !== 'close') {
        throw new ServerError(`${line}: ${server.name} answered ${reply}`, {
          server: server.name,
          delivery: 'answered',
        })
      }
    })
    return true
  }

  /** Waiting until the servers are known is part of the call's time. */
  async #targets(options: ServerOptions | undefined): Promise<Targets> {
    const time = new CallDeadline(this.#dispatcher.timeoutMs, options)
    const servers = await serversOf(this.#backend, options?.server, options)
    return { servers, limits: { timeoutMs: time.restMs, signal: options?.signal } }
  }
}

/**
 * All servers, or the one with this name, once it is known which there are.
 *
 * @param call - Its time and its signal limit the wait.
 * @throws `ServerDownError` - there is none at all.
 */
export async function serversOf(
  backend: Backend,
  name: string | undefined,
  call?: CallOptions,
): Promise<readonly ServerExecutor[]> {
  call?.signal?.throwIfAborted()
  const timeoutMs = call?.timeoutMs === undefined ? undefined : checkTimeout(call.timeoutMs)
  await backend.untilListed?.({ timeoutMs, signal: call?.signal })
  const { servers } = backend
  if (servers.length === 0) throw new ServerDownError(NO_SERVERS, { delivery: 'not-sent' })
  if (name === undefined) return servers
  const named = servers.filter((server) => server.name === name)
  if (named.length > 0) return named
  const known = servers.map((server) => server.name).join(', ')
  throw new InvalidInputError(`there is no server named ${showValue(name)}; there is ${known}`)
}

/** Asks servers all at once; when some fail, a `BatchError` by server carries the answers of the others. */
export async function askServers<T>(
  what: string,
  servers: readonly ServerExecutor[],
  ask: (server: ServerExecutor) => Promise<T>,
): Promise<Map<string, T>> {
  const answers = await Promise.allSettled(servers.map(ask))
  const found = new Map<string, T>()
  const failed = new Map<string, unknown>()
  for (const [index, answer] of answers.entries()) {
    if (answer.status === 'fulfilled') found.set(servers[index]!.name, answer.value)
    else failed.set(servers[index]!.name, errorOf(answer.reason, { about: { command: what.split(' ', 1)[0] } }))
  }
  // Bad input, an abort and the end of the client are no server's failures.
  const ownDoing = [...failed.values()].find((reason) => !isAbsorbable(reason))
  if (ownDoing !== undefined) throw ownDoing
  if (failed.size > 0) throw batchError(what, failed, servers.length, found, [...found.keys()])
  return found
}

/** One word of a command line. */
function checkWord(word: string | number): string {
  const text = String(word)
  if ((typeof word === 'string' || Number.isSafeInteger(word)) && /^[!-~]{1,250}$/.test(text)) return text
  throw new InvalidInputError(`an argument of stats must be one word or a whole number, got ${showValue(word)}`)
}

/** A whole command line, which nothing in it may end. */
function checkLine(line: string): string {
  if (typeof line !== 'string' || line === '') {
    throw new InvalidInputError(`a command line must be text that is not empty, got ${showValue(line)}`)
  }
  if (/[\r\n\0]/.test(line)) throw new InvalidInputError('a command line must not contain CR, LF or NUL')
  const bytes = Buffer.from(line, 'utf8')
  if (bytes.length <= MAX_LINE_BYTES || /^gets? /.test(line)) return bytes.toString('latin1')
  throw new InvalidInputError(`a command line must not have more than ${MAX_LINE_BYTES} bytes, got ${bytes.length}`)
}

function checkToken(token: string | Uint8Array): Uint8Array {
  const bytes = copyOf('endToken', token)
  if (bytes !== undefined && bytes.length > 0) return bytes
  throw new InvalidInputError(`endToken must be text or bytes that are not empty, got ${showValue(token)}`)
}

function checkBody(body: string | Uint8Array): Uint8Array {
  const bytes = copyOf('body', body)
  if (bytes !== undefined) return bytes
  throw new InvalidInputError(`body must be text or bytes, got ${showValue(body)}`)
}

/** A copy: it is read when a connection has been made, and the caller's bytes may be gone by then. */
function copyOf(name: string, data: string | Uint8Array): Buffer | undefined {
  if (typeof data === 'string') return Buffer.from(data, 'utf8')
  if (!isBytes(data)) return undefined
  const bytes = viewOf(data)
  if (bytes === undefined) throw new InvalidInputError(`${name} cannot be sent: ${UNREADABLE_BYTES}`)
  return Buffer.from(bytes)
}
