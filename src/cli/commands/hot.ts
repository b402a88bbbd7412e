import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, type Context, defineCommand } from '../command.ts'
import { EXIT, type Explanation, explainError } from '../exit-code.ts'
import { formatDuration } from '../format.ts'
import { hotLines, hotScreen, hotSummary } from '../hot/hot-lines.ts'
import { type HotReport, hotReport } from '../hot/hot-report.ts'
import { HotWatch } from '../hot/hot-watch.ts'
import { escapeText } from '../terminal/escape.ts'
import { hasScreen, showLive } from '../terminal/live-screen.ts'
import { cutText } from '../terminal/width.ts'

/** Prefixes of the report. */
const PREFIXES = 10
/** Lines of a screen about servers that cannot be watched. */
const MAX_FAILURES = 3

/** Settings of one run. */
interface HotRun {
  readonly forMs: number
  readonly limit: number
  readonly hasServers: boolean
  /** Why servers cannot be watched, by their names. */
  readonly failures: ReadonlyMap<string, unknown>
}

/** `memlane hot` */
export const hot: Command = defineCommand({
  name: 'hot',
  summary: 'Find the keys that are read most, and the prefixes that are missed',
  description: [
    'Watches the reads of all servers for a while, which costs them CPU. A busy server leaves out a part of its log; rates are then estimates, and the first line says how much was seen. The reads that memcached does within incr, touch and delete count, too.',
    'Needs memcached 1.6.x without -W; hosted services have no watch. With q the screen ends sooner. SIZE is the size of the value when it was read last.',
  ],
  arguments: {},
  options: {
    for: { type: 'duration', default: 10_000, min: 100, help: 'time to watch' },
    limit: { type: 'count', short: 'n', default: 20, min: 1, placeholder: 'number', help: 'keys to print' },
    delimiter: { type: 'text', default: ':', help: 'ends a prefix' },
  },
  shared: 'client',
  examples: [
    { line: 'memlane hot', help: 'the keys of ten seconds' },
    { line: 'memlane hot --for 1m --json', help: 'a line of JSON for each key and missed prefix' },
  ],
  exitCodes: { [EXIT.negative]: 'no read was seen' },
  async run(context, { options }) {
    const client = await context.clients.memcache()
    const end = new AbortController()
    const signal = AbortSignal.any([context.signal, end.signal])
    const failures = new Map<string, unknown>()
    const { timeoutMs = 5000 } = await context.clients.options()
    const watch = new HotWatch(client, {
      delimiter: options.delimiter,
      timeoutMs,
      signal,
      onFailure: (server, error) => failures.set(server, error),
    })
    const run = { forMs: options.for, limit: options.limit, hasServers: client.servers.length > 1, failures }
    const watching = watch.run()
    try {
      await (hasScreen(context) ? showRun : waitRun)({ ...context, signal }, watch, run, watching)
      await watch.measure().catch(() => undefined)
    } finally {
      end.abort(new Error('watched'))
    }
    await watching
    const exitCode = explainFailures(context, failures)
    const report = hotReport(watch.seen, options.limit)
    return Math.max(exitCode, writeReport(context, report, run))
  },
})

/** Waits until the time is over, or no server can be watched. */
async function waitRun(
  { signal }: Context,
  watch: HotWatch,
  { forMs }: HotRun,
  watching: Promise<void>,
): Promise<void> {
  const timer = new AbortController()
  const over = sleep(forMs, undefined, { signal: AbortSignal.any([signal, timer.signal]) }).catch(() => undefined)
  await Promise.race([over, watching])
  timer.abort()
  await watch.measure()
}

/** Shows the keys on a screen meanwhile. */
async function showRun(
  context: Context,
  watch: HotWatch,
  { forMs, limit, hasServers, failures }: HotRun,
  watching: Promise<void>,
): Promise<void> {
  const { style } = context
  const until = performance.now() + forMs
  const ended = new AbortController()
  const view = {
    lines: (columns: number, rows: number): readonly string[] => {
      const left = formatDuration(Math.max(0, Math.ceil((until - performance.now()) / 1000)) * 1000)
      const report = hotReport(watch.seen, Math.max(limit, rows))
      const title = `memlane hot  ${left} left · q ends`
      const failed = Array.from(failures, ([server, error]) => failureOf(server, error).lines.join(' '))
      const words = failed.slice(0, MAX_FAILURES).map((line) => style('red', cutText(escapeText(line), columns)))
      return [...hotScreen(report, title, columns, rows - words.length, { style, hasServers }), ...words]
    },
  }
  const timer = setTimeout(() => ended.abort(), forMs)
  const stop = (): void => ended.abort()
  watching.then(stop, stop)
  const signal = AbortSignal.any([context.signal, ended.signal])
  try {
    await showLive({ ...context, signal }, view, { everyMs: 1000, update: () => watch.measure() })
  } finally {
    clearTimeout(timer)
  }
}

function failureOf(server: string, error: unknown): Explanation {
  return explainError(error) ?? { lines: [`${server} has ended the watch`], exitCode: EXIT.connection }
}

/** Says why servers could not be watched; gives the exit code. */
function explainFailures({ warn }: Context, failures: ReadonlyMap<string, unknown>): number {
  let exitCode: number = EXIT.ok
  for (const [server, error] of failures) {
    const explained = failureOf(server, error)
    for (const line of explained.lines) warn(line)
    exitCode = Math.max(exitCode, explained.exitCode)
  }
  return exitCode
}

function writeReport({ json, out, style, warn }: Context, report: HotReport, { limit, hasServers }: HotRun): number {
  const { keys, prefixes, seconds, perSecond, hitShare, factor } = report
  if (json) {
    out.json({
      type: 'summary',
      seconds: round(seconds),
      perSecond: round(perSecond),
      hitShare,
      sampling: round(factor),
    })
    for (const one of keys) out.json({ type: 'key', ...one, perSecond: round(one.perSecond) })
    for (const one of prefixes) out.json({ type: 'missed', ...one, perSecond: round(one.perSecond) })
  } else if (keys.length > 0) {
    out.line(hotSummary(report))
    const width = out.isTerminal ? out.columns : Number.POSITIVE_INFINITY
    for (const line of hotLines(report, { width, style, keys: limit, prefixes: PREFIXES, hasServers })) out.line(line)
  } else warn(`no read was seen in ${formatDuration(seconds * 1000)}`)
  return keys.length > 0 ? EXIT.ok : EXIT.negative
}

/** More digits would say more than was measured. */
function round(value: number): number {
  return Math.round(value * 100) / 100
}
