import type { Buffer } from 'node:buffer'
import { pause } from '../client/lease/wait.ts'
import { nextTurn } from '../client/slices.ts'
import { parseStats } from '../client/stats.ts'
import { streamReply } from '../connection/exchange-stream.ts'
import { type MemcacheError, ServerError, UnknownCommandError } from '../errors.ts'
import { STATS_LINES } from '../protocol/exchange.ts'
import type { ServerExecutor } from '../seam/executor.ts'
import type { ServerClock } from './dump-reader.ts'
import { createLineFilter } from './line-filter.ts'

/** `hash` walks the whole hash table: `all` misses items that are on their way between queues (seen on 1.6.18 to 1.6.45). */
const LINE = 'lru_crawler metadump hash'

/** Pauses before a busy server is asked again, in milliseconds: the first, and the longest. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000

/** Another listing is under way, or the hash table is being enlarged. Both pass. */
const BUSY = /^(?:BUSY|ERROR locked)/

/** First line of a listing. */
const BEGINNING = /^(?:OK$|key=|END$)/

/** Longest part of a server's line that a message shows, in characters. */
const MAX_SHOWN = 200

/** Limits of the listing of one server. */
export interface DumpLimits {
  /** Time until the listing begins, and longest silence after that, in milliseconds. */
  readonly timeoutMs: number
  readonly maxBufferedBytes: number
  /** Closes the connection when it aborts. */
  readonly signal: AbortSignal
}

/**
 * Lists a server's keys over a connection of its own, in pieces of whole lines.
 *
 * @param prefix - Of the wanted keys, percent-encoded.
 */
export async function* dumpServer(
  server: ServerExecutor,
  prefix: Buffer,
  limits: DumpLimits,
): AsyncGenerator<Buffer, void, undefined> {
  const { pieces, first } = await beginDump(server, prefix, limits)
  for (let piece = first; piece.done !== true; piece = await pieces.next()) {
    yield piece.value
    // A reader of many waiting pieces must not keep the socket from being read: that would stop the server.
    await nextTurn()
  }
}

/** A listing that has begun. */
interface BegunDump {
  readonly pieces: AsyncIterator<Buffer, undefined>
  readonly first: IteratorResult<Buffer, undefined>
}

/** Begins a listing; asks again for as long as the server is busy and there is time. */
async function beginDump(server: ServerExecutor, prefix: Buffer, limits: DumpLimits): Promise<BegunDump> {
  const deadline = performance.now() + limits.timeoutMs
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const leftMs = Math.max(1, deadline - performance.now())
    const begun = await tryDump(server, prefix, { ...limits, timeoutMs: leftMs }, limits.timeoutMs)
    if ('first' in begun) return begun
    if (deadline - performance.now() <= pauseMs) throw begun.busy
    await pause(pauseMs, limits.signal)
  }
}

/** @param silenceMs - Longest silence within the reply. */
async function tryDump(
  server: ServerExecutor,
  prefix: Buffer,
  limits: DumpLimits,
  silenceMs: number,
): Promise<BegunDump | { readonly busy: MemcacheError }> {
  let busy: MemcacheError | undefined
  const refusal = (line: string): MemcacheError | undefined => {
    if (BUSY.test(line)) busy = busyError(server.name, line)
    return busy ?? refusalOf(server.name, line)
  }
  const select = prefix.length === 0 ? undefined : createLineFilter(prefix)
  const reply = streamReply(server, { ...limits, line: LINE, lastLine: 'END', silenceMs, refusal, select })
  const pieces: AsyncIterator<Buffer, undefined> = reply[Symbol.asyncIterator]()
  try {
    return { pieces, first: await pieces.next() }
  } catch (error) {
    if (busy === undefined || error !== busy) throw error
    return { busy }
  }
}

function busyError(server: string, line: string): ServerError {
  const message = `${server} answered ${line} for as long as timeoutMs: another key listing is under way, or its hash table grows`
  return new ServerError(message, { server, delivery: 'answered' })
}

/** Returns the error of a line that begins no listing. Lines of `CLIENT_ERROR` and `SERVER_ERROR` say enough by themselves. */
function refusalOf(server: string, line: string): UnknownCommandError | undefined {
  if (BEGINNING.test(line) || /^(?:CLIENT|SERVER)_ERROR/.test(line)) return undefined
  const message = `${server} answered ${JSON.stringify(line.slice(0, MAX_SHOWN))} to ${LINE}: hosted services and proxies have no key listing, and memcached has it from 1.6.9 on, without -X`
  return new UnknownCommandError(message, { server, delivery: 'answered' })
}

/** Returns the clock of a server: listings have points in time, and its clock need not be that of this machine. */
export async function readClock(server: ServerExecutor, limits: DumpLimits): Promise<ServerClock> {
  const seconds = await readTime(server, limits)
  const readAt = performance.now()
  return () => seconds + Math.floor((performance.now() - readAt) / 1000)
}

async function readTime(server: ServerExecutor, { timeoutMs, signal }: DumpLimits): Promise<number> {
  const ownTime = Math.floor(Date.now() / 1000)
  try {
    const { time } = parseStats(await server.exchange({ line: 'stats', ending: STATS_LINES, timeoutMs, signal }))
    return typeof time === 'number' ? time : ownTime
  } catch (error) {
    // A proxy: its answer to the listing says more.
    if (error instanceof UnknownCommandError) return ownTime
    throw error
  }
}
