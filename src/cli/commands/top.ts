import type { Memcache } from '../../client/memcache.ts'
import { type Command, type Context, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { rounds } from '../rounds.ts'
import { hasScreen, showLive } from '../terminal/live-screen.ts'
import { HotPanel } from '../top/hot-panel.ts'
import { LoadMeter } from '../top/load-meter.ts'
import { loadTable } from '../top/load-table.ts'
import type { ServerLoad } from '../top/server-load.ts'
import { TopView } from '../top/top-view.ts'

/** `memlane top` */
export const top: Command = defineCommand({
  name: 'top',
  summary: 'Watch the load of all servers',
  description: [
    'Asks each server for its stats in each round, over a new connection, and shows what has changed since the round before. Rates are per second. FULL is the share of the memory that items take. PING is the time of a no-op from here and back, the median of the last 60 rounds; MAX is the longest of them. A server that does not answer within a round is DOWN, with the reason.',
    'Keys: arrows left and right choose the column to sort by, r reverses the order, up and down choose a server, enter shows its charts alone, k shows the keys that are read most (and watches the servers meanwhile, which costs them CPU), space pauses, q quits. Without a terminal a table is printed for each round.',
  ],
  arguments: {},
  options: {
    every: { type: 'duration', default: 1000, min: 100, help: 'time from one round to the next' },
    count: { type: 'count', short: 'n', min: 1, placeholder: 'number', help: 'stop after so many rounds' },
  },
  shared: 'client',
  examples: [
    { line: 'memlane top -s 10.0.0.1 -s 10.0.0.2', help: 'two servers, until q' },
    { line: 'memlane top -n 1 | cat', help: 'one table, of one second' },
    { line: 'memlane top --every 10s --json', help: 'a line of JSON for each server and round' },
  ],
  async run(context, { options }) {
    const { every: everyMs, count } = options
    const client = await makeClient(context, everyMs)
    const meter = new LoadMeter(client)
    if (!hasScreen(context)) return print(context, meter, { everyMs, count })
    await show(context, client, meter, { everyMs, count })
    // Its last commands need no reply.
    client.destroy()
    return EXIT.ok
  },
})

/** Rounds of the command. */
interface TopRounds {
  readonly everyMs: number
  readonly count: number | undefined
}

/** Shows the load on a screen. */
async function show(
  context: Context,
  client: Memcache,
  meter: LoadMeter,
  { everyMs, count }: TopRounds,
): Promise<void> {
  const { timeoutMs = 5000 } = await context.clients.options()
  const end = new AbortController()
  const hot = new HotPanel(client, { timeoutMs, signal: end.signal, style: context.style })
  const view = new TopView(context.style, everyMs, hot)
  const update = async (): Promise<void> => {
    const [loads] = await Promise.all([meter.measure(), hot.measure()])
    view.add(loads)
  }
  try {
    await showLive(context, view, { everyMs, count: count === undefined ? undefined : count + 1, update })
  } finally {
    end.abort(new Error('the screen is closed'))
  }
}

/** A server that is silent must not hold up the others for longer than a round. */
async function makeClient({ clients }: Context, everyMs: number): Promise<Memcache> {
  const { timeoutMs = everyMs } = await clients.options()
  const limit = Math.min(timeoutMs, Math.max(everyMs, 1000))
  return clients.memcache(undefined, { timeoutMs: limit, connectTimeoutMs: limit })
}

/** Prints a table, or lines of JSON, for each round but the first, which has nothing to compare with. */
async function print(context: Context, meter: LoadMeter, { everyMs, count }: TopRounds): Promise<number> {
  let exitCode: number = EXIT.ok
  const rest = { everyMs, count: count === undefined ? undefined : count + 1, signal: context.signal }
  for await (const round of rounds(rest)) {
    const loads = await meter.measure()
    if (round === 0) continue
    exitCode = loads.some(({ load }) => load === undefined) ? EXIT.connection : EXIT.ok
    write(context, loads, round > 1)
    const { full } = context.out
    if (full !== undefined) await full
  }
  return exitCode
}

function write({ json, out, style }: Context, loads: readonly ServerLoad[], isFollowing: boolean): void {
  if (json) {
    const at = new Date().toISOString()
    for (const { server, version, load, error } of loads) {
      out.json(load === undefined ? { at, server, error } : { at, server, version, ...load })
    }
    return
  }
  if (isFollowing) out.line()
  const width = out.isTerminal ? out.columns : Number.POSITIVE_INFINITY
  for (const line of loadTable(loads, { width, style, sort: 0, isReversed: false })) out.line(line)
}
