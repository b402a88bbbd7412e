import { serversOf } from '../client/admin.ts'
import { streamReply } from '../connection/exchange-stream.ts'
import { InvalidInputError, type MemcacheError, UnknownCommandError } from '../errors.ts'
import type { ServerExecutor } from '../seam/executor.ts'
import { checkOwner } from './key-range.ts'
import type { KeyOwner } from './options.ts'
import { parseWatchLine, type WatchEvent } from './watch-line.ts'

/** Events to watch: names as in memcached's protocol.txt, `fetchers`, `mutations`, `evictions`, `connevents`, `deletions`. */
export interface WatchOptions {
  readonly topics: readonly string[]
  /** Time until a server has agreed, in milliseconds. */
  readonly timeoutMs: number
  /** Ends all streams: their iteration rejects with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Most bytes that wait for the reader, for each server. Beyond it the iteration rejects with `OverloadedError`. */
  readonly maxBufferedBytes?: number | undefined
}

/** Events of one server. */
export interface WatchStream {
  readonly server: string
  /** Events as they come, several at a time, hardly in order; none the first time, when the server has agreed. Ends when the server closes; leaving the loop closes it. */
  readonly events: AsyncIterable<readonly WatchEvent[]>
}

const DEFAULT_BUFFERED_BYTES = 64 * 1024 * 1024

/** Longest part of a server's line that a message shows, in characters. */
const MAX_SHOWN = 200

/**
 * Watches the servers of a client, each over a connection of its own, from the first look at its events on. Rejects in the
 * iteration with `UnknownCommandError` (a topic that the server does not know: memcached 1.6.18 has no `deletions`; a hosted
 * service, or `-W`), `ConnectError`, `TimeoutError`, `OverloadedError`.
 */
export async function watchServers(cache: KeyOwner, options: WatchOptions): Promise<WatchStream[]> {
  const { topics, timeoutMs, signal } = options
  for (const topic of topics) {
    if (!/^[a-z]+$/.test(topic)) throw new InvalidInputError(`a topic of watch is a word of letters, got ${topic}`)
  }
  const servers = await serversOf(checkOwner('watch', cache).backend, undefined, {
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  })
  return servers.map((server) => ({ server: server.name, events: watchServer(server, options) }))
}

async function* watchServer(
  server: ServerExecutor,
  { topics, timeoutMs, signal, maxBufferedBytes = DEFAULT_BUFFERED_BYTES }: WatchOptions,
): AsyncGenerator<readonly WatchEvent[], void, undefined> {
  const line = ['watch', ...topics].join(' ')
  const refusal = (first: string): MemcacheError | undefined => refusalOf(server.name, line, first)
  for await (const lines of streamReply(server, { line, timeoutMs, signal, maxBufferedBytes, refusal })) {
    yield parseEvents(lines.toString('latin1'))
  }
}

/** Reads whole lines. */
function parseEvents(lines: string): WatchEvent[] {
  return lines.split(/\r?\n/).flatMap((line) => parseWatchLine(line) ?? [])
}

function refusalOf(server: string, line: string, first: string): UnknownCommandError | undefined {
  if (first === 'OK') return undefined
  const message = `${server} answered ${JSON.stringify(first.slice(0, MAX_SHOWN))} to ${line}: it does not know one of the topics, or refuses watch (hosted services, proxies, memcached with -W)`
  return new UnknownCommandError(message, { server, delivery: 'answered' })
}
