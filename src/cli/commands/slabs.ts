import { type Command, type Context, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatDuration } from '../format.ts'
import { rounds } from '../rounds.ts'
import { LEGEND, type ServerSlabs, slabLines } from '../slabs/slab-lines.ts'
import { SlabMeter } from '../slabs/slab-meter.ts'
import { slabBytes } from '../stats/slab-classes.ts'
import { hasScreen, type LiveRounds, type LiveView, showLive } from '../terminal/live-screen.ts'
import type { Style } from '../terminal/style.ts'
import { cutText } from '../terminal/width.ts'

/** `memlane slabs` */
export const slabs: Command = defineCommand({
  name: 'slabs',
  summary: 'Show how the memory of each server is divided into slab classes',
  description: [
    `A class has the items of one range of sizes: each item takes a chunk of CHUNK bytes. Bars: ${LEGEND}. AGE is the time since the oldest item was used. Where a class evicts while another one has free pages, memcached can move pages: see its setting slab_automove.`,
    'With --every a screen shows evictions a minute, until q; arrows scroll. Without a terminal the tables are printed again and again.',
  ],
  arguments: {},
  options: {
    every: { type: 'duration', min: 100, help: 'look again and again; evictions are those of a minute then' },
    count: {
      type: 'count',
      short: 'n',
      min: 1,
      placeholder: 'number',
      help: 'with --every: stop after so many rounds',
    },
  },
  shared: 'client',
  examples: [
    { line: 'memlane slabs -s 10.0.0.1', help: 'the classes of one server' },
    { line: 'memlane slabs --every 5s', help: 'which classes evict now' },
    { line: 'memlane slabs --json', help: 'a line of JSON for each class' },
  ],
  async run(context, { options }) {
    const { every, count } = options
    const meter = new SlabMeter(await context.clients.memcache(), context.signal)
    if (every === undefined) return write(context, await meter.measure(), false)
    // The first round has nothing to compare with.
    const most = count === undefined ? undefined : count + 1
    if (hasScreen(context)) return show(context, meter, every, most)
    let exitCode: number = EXIT.ok
    for await (const round of rounds({ everyMs: every, count: most, signal: context.signal })) {
      const measured = await meter.measure()
      if (round > 0) exitCode = write(context, measured, true)
    }
    return exitCode
  },
})

/** Writes tables, or lines of JSON; gives the exit code. */
function write({ out, json, style, warn }: Context, measured: readonly ServerSlabs[], hasRates: boolean): number {
  const width = out.isTerminal ? out.columns : Number.POSITIVE_INFINITY
  for (const [at, one] of measured.entries()) {
    if (one.error !== undefined) warn(one.error)
    else if (json) writeJson(out, one, hasRates)
    else {
      if (at > 0) out.line()
      for (const line of slabLines(one, { width, style, hasRates })) out.line(line)
    }
  }
  return measured.some(({ error }) => error !== undefined) ? EXIT.connection : EXIT.ok
}

function writeJson(
  out: Context['out'],
  { server, classes = [], evictedAMinute }: ServerSlabs,
  hasRates: boolean,
): void {
  for (const one of classes) {
    const rate = hasRates ? { evictedAMinute: evictedAMinute(one.id) } : {}
    out.json({ server, ...one, padding: slabBytes(one).padding, ...rate })
  }
}

/** Shows the tables on a screen. */
async function show(context: Context, meter: SlabMeter, everyMs: number, count: LiveRounds['count']): Promise<number> {
  const view = new SlabView(context.style, everyMs)
  const update = async (): Promise<void> => view.set(await meter.measure())
  await showLive(context, view, { everyMs, count, update })
  return EXIT.ok
}

const SCROLL_KEYS: Readonly<Record<string, number>> = {
  up: -1,
  down: 1,
  pageup: -10,
  pagedown: 10,
  home: Number.NEGATIVE_INFINITY,
}

/** The tables of all servers on a screen, which scrolls. */
class SlabView implements LiveView {
  readonly #style: Style
  readonly #title: string
  #measured: readonly ServerSlabs[] = []
  #first = 0

  constructor(style: Style, everyMs: number) {
    this.#style = style
    this.#title = `memlane slabs  every ${formatDuration(everyMs)} · ↑↓ scroll · q quit  ${LEGEND}`
  }

  set(measured: readonly ServerSlabs[]): void {
    this.#measured = measured
  }

  press(key: string): void {
    this.#first = Math.max(0, this.#first + (SCROLL_KEYS[key] ?? 0))
  }

  lines(columns: number, rows: number): readonly string[] {
    const look = { width: columns, style: this.#style, hasRates: true }
    const all = this.#measured.flatMap((one) => ['', ...slabLines(one, look)])
    this.#first = Math.max(0, Math.min(this.#first, all.length - rows + 1))
    return [this.#style('dim', cutText(this.#title, columns)), ...all.slice(this.#first, this.#first + rows - 1)]
  }
}
