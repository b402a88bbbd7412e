import { setTimeout as sleep } from 'node:timers/promises'
import type { Memcache } from '../../client/memcache.ts'
import type { WatchEvent } from '../../keys/watch-line.ts'
import { type Command, type Context, defineCommand } from '../command.ts'
import { EXIT, explainError } from '../exit-code.ts'
import { formatPercent } from '../format.ts'
import { globTest } from '../glob.ts'
import { jsonKey, showKeyText } from '../key-argument.ts'
import { followServers } from '../keys/follow-servers.ts'
import { StatsSampler } from '../stats/stats-sampler.ts'
import { escapeText } from '../terminal/escape.ts'
import { eventLine } from '../watch/event-line.ts'
import { MergedEvents, type ServerEvent } from '../watch/merged-events.ts'

/** Topics of memcached's own log. */
const TOPICS = ['fetchers', 'mutations', 'evictions', 'deletions', 'connevents'] as const

/** Topics that every version knows, and that have keys. */
const DEFAULT_TOPICS = ['fetchers', 'mutations', 'evictions'] as const

/** Time between two looks at what has come, in milliseconds. */
const FLUSH_MS = 50

/** `memlane watch` */
export const watch: Command = defineCommand({
  name: 'watch',
  summary: 'Print what happens on all servers, as it happens',
  description: [
    'Topics: fetchers (reads), mutations (stores), evictions, deletions (not in memcached 1.6.18), connevents (connections). Without any: fetchers, mutations, evictions. memcached reports a read of the key in front of every store.',
    'Events are put in the order in which they happened, which holds them back for 0.1 s. A busy server leaves out a part of them; the last line says how much. Watching costs the servers CPU. Hosted services have no watch.',
  ],
  arguments: { topic: { help: 'what to watch', optional: true, repeat: true, choices: TOPICS } },
  options: {
    match: { type: 'text', short: 'm', repeat: true, placeholder: 'pattern', help: "only these keys: 'user:*'" },
    for: { type: 'duration', min: 100, help: 'stop after this time' },
    count: { type: 'count', short: 'n', min: 1, placeholder: 'number', help: 'stop after so many events' },
  },
  shared: 'client',
  examples: [
    { line: 'memlane watch', help: 'reads, stores and evictions, until Ctrl-C' },
    { line: "memlane watch mutations -m 'session:*'", help: 'stores of sessions' },
    { line: 'memlane watch evictions --for 1m --json', help: 'a line of JSON for each eviction of a minute' },
  ],
  exitCodes: { [EXIT.server]: 'no server can be watched, or one answered with an error' },
  async run(context, { args, options }) {
    const client = await context.clients.memcache()
    const printer = new EventPrinter(context, options, client.servers.length > 1)
    const loss = new StatsSampler(client)
    await loss.sample()
    const signal = AbortSignal.any([
      context.signal,
      printer.signal,
      ...(options.for === undefined ? [] : [AbortSignal.timeout(options.for)]),
    ])
    const { timeoutMs = 5000 } = await context.clients.options()
    const topics = args.topic.length > 0 ? args.topic : DEFAULT_TOPICS
    const printing = printer.run(signal)
    await followServers(client, { topics, timeoutMs, signal }, printer)
    printer.end()
    await printing
    if (!context.out.isBroken) await reportLoss(context, client, loss)
    return printer.exitCode
  },
})

/** Says how much of their log the servers have left out. */
async function reportLoss({ warn }: Context, client: Memcache, loss: StatsSampler): Promise<void> {
  const samples = client.servers.length > 0 ? await loss.sample().catch(() => []) : []
  const sum = (name: string): number => samples.reduce((all, { delta }) => all + (delta(name) || 0), 0)
  const lost = sum('log_worker_dropped') + sum('log_watcher_skipped')
  if (lost > 0)
    warn(
      `${formatPercent(lost / (lost + sum('log_worker_written')))} % of the log was left out: the servers were too busy`,
    )
}

/** Options of the printer. */
interface PrinterOptions {
  readonly match: readonly string[]
  readonly count: number | undefined
}

/** Prints the events of all servers in their order. */
class EventPrinter {
  readonly #context: Context
  readonly #events: MergedEvents = new MergedEvents()
  readonly #tests: readonly ((key: string) => boolean)[]
  readonly #hasServers: boolean
  readonly #end: AbortController = new AbortController()
  /** Last failure of each server, which is said once. */
  readonly #failures: Map<string, string> = new Map()
  #left: number
  #exitCode: number = EXIT.ok

  constructor(context: Context, { match, count = Number.POSITIVE_INFINITY }: PrinterOptions, hasServers: boolean) {
    this.#context = context
    this.#tests = match.map(globTest)
    this.#left = count
    this.#hasServers = hasServers
  }

  /** Aborts when enough was printed. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  /** Exit code for the servers that cannot be watched, or are out at the end. */
  get exitCode(): number {
    return this.#failures.size > 0 ? this.#exitCode : EXIT.ok
  }

  /** Prints what has come, again and again; the rest when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, this.#end.signal])
    while (!over.aborted) {
      await sleep(FLUSH_MS, undefined, { signal: over }).catch(() => undefined)
      this.#print(this.#events.take(over.aborted ? Number.POSITIVE_INFINITY : performance.now()))
    }
  }

  end(): void {
    this.#end.abort(new Error('watched'))
  }

  onEvents(server: string, events: readonly WatchEvent[]): Promise<void> | undefined {
    this.#failures.delete(server)
    this.#events.add(
      server,
      events.filter((event) => this.#isWanted(event)),
      performance.now(),
    )
    return this.#context.out.full
  }

  onFailure(server: string, error: unknown): void {
    const closed = { lines: [`${server} has closed the connection`], exitCode: EXIT.connection }
    const explained = explainError(error) ?? closed
    const text = explained.lines.join(' ')
    if (this.#failures.get(server) !== text) this.#context.warn(text)
    this.#failures.set(server, text)
    this.#exitCode = Math.max(this.#exitCode, explained.exitCode)
  }

  #isWanted({ key, type }: WatchEvent): boolean {
    if (this.#tests.length === 0 || type === 'skipped') return true
    return key !== undefined && this.#tests.some((test) => test(showKeyText(key)))
  }

  #print(events: readonly ServerEvent[]): void {
    const { json, out, style } = this.#context
    for (const { server, event } of events.slice(0, this.#left)) {
      if (json) {
        const { at, gid, type, key, fields } = event
        out.json({
          server,
          at: Number.isNaN(at) ? null : new Date(at).toISOString(),
          gid,
          type,
          ...(key === undefined ? {} : jsonKey(key)),
          ...fields,
        })
      } else
        out.line(
          this.#hasServers
            ? `${eventLine(event, style)}  ${style('dim', escapeText(server))}`
            : eventLine(event, style),
        )
    }
    this.#left -= events.length
    if (this.#left <= 0) this.end()
  }
}
