import type { Stats } from '../../client/stats.ts'
import { type Command, type Context, defineCommand } from '../command.ts'
import { EXIT, explainError } from '../exit-code.ts'
import { formatRate } from '../format.ts'
import { globTest } from '../glob.ts'
import { rounds } from '../rounds.ts'
import { type ServerSample, StatsSampler } from '../stats/stats-sampler.ts'
import { renderTable } from '../terminal/table.ts'

/** `memlane stats` */
export const stats: Command = defineCommand({
  name: 'stats',
  summary: 'Print statistics of each server, once or as they change',
  description: [
    'Words are those of memcached: settings, items, slabs, sizes, conns, extstore, proxy, detail dump, reset. With --every only numbers that changed are printed, with their growth a second.',
  ],
  arguments: { word: { help: 'which statistics; without it the general ones', optional: true, repeat: true } },
  options: {
    every: { type: 'duration', min: 10, help: 'print what changed, again and again' },
    count: {
      type: 'count',
      short: 'n',
      min: 1,
      placeholder: 'number',
      help: 'with --every: stop after so many rounds',
    },
    match: { type: 'text', short: 'm', repeat: true, placeholder: 'pattern', help: "only these names: 'get_*'" },
  },
  shared: 'client',
  examples: [
    { line: "memlane stats -m 'get_*' -m evictions", help: 'some numbers of each server' },
    { line: 'memlane stats settings --json', help: 'a line of JSON for each server' },
    { line: 'memlane stats --every 1', help: 'what changes each second, until Ctrl-C' },
    { line: 'memlane stats items --every 10s -n 6', help: 'slab classes, for a minute' },
  ],
  async run(context, { args, options }) {
    const { every, count } = options
    const tests = options.match.map(globTest)
    const isWanted = (name: string): boolean => tests.length === 0 || tests.some((test) => test(name))
    const client = await context.clients.memcache()
    const sampler = new StatsSampler(client, { words: args.word, signal: context.signal })
    if (every === undefined)
      return report(context, await sampler.sample(), (sample) => writeAll(context, sample, isWanted))
    let exitCode: number = EXIT.ok
    // The first round has nothing to compare with.
    const rest = { count: count === undefined ? undefined : count + 1, everyMs: every, signal: context.signal }
    for await (const round of rounds(rest)) {
      const samples = await sampler.sample()
      const code = report(context, samples, (some) => round > 0 && writeChanges(context, some, isWanted))
      exitCode = Math.max(exitCode, code)
    }
    return exitCode
  },
})

/** Writes the samples that have an answer, and a line on standard error for the others. Gives the exit code. */
function report(
  { warn }: Context,
  samples: readonly ServerSample[],
  write: (answered: readonly ServerSample[]) => unknown,
): number {
  const failures = samples.filter(({ stats: answer }) => answer === undefined).map(({ error }) => explainError(error))
  for (const failure of failures) for (const line of failure?.lines ?? []) warn(line)
  write(samples.filter(({ stats: answer }) => answer !== undefined))
  return Math.max(EXIT.ok, ...failures.map((failure) => failure?.exitCode ?? EXIT.internal))
}

function writeAll(context: Context, samples: readonly ServerSample[], isWanted: (name: string) => boolean): void {
  const { out, json } = context
  const names = [...new Set(samples.flatMap(({ stats: answer = {} }) => Object.keys(answer)))].filter(isWanted)
  if (json) for (const { server, stats: answer = {} } of samples) out.json({ server, stats: pick(answer, names) })
  else if (samples.length > 0) {
    const rows = names.map((name) => [name, ...samples.map(({ stats: answer }) => textOf(answer?.[name]))])
    writeTable(context, ['NAME', ...samples.map(({ server }) => server)], rows, samples.length === 1)
  }
}

function writeChanges(context: Context, samples: readonly ServerSample[], isWanted: (name: string) => boolean): void {
  for (const sample of samples) {
    const { server, stats: answer = {}, seconds, delta, rate } = sample
    const grown = Object.keys(answer).filter((name) => isWanted(name) && delta(name) > 0)
    if (context.json) {
      const growth = Object.fromEntries(grown.map((name) => [name, delta(name)]))
      context.out.json({ at: new Date().toISOString(), server, seconds: seconds ?? null, growth })
    } else {
      context.out.line(context.style('bold', `${new Date().toTimeString().slice(0, 8)}  ${server}`))
      const rows = grown.map((name) => [name, textOf(answer[name]), `+${delta(name)}`, `${formatRate(rate(name))}/s`])
      writeTable(context, ['NAME', 'VALUE', 'GROWTH', 'RATE'], rows, true)
      context.out.line()
    }
  }
}

function writeTable({ out, style }: Context, headings: string[], rows: string[][], bare: boolean): void {
  const columns = headings.map((heading, at) => ({ heading, align: at === 0 ? ('left' as const) : ('right' as const) }))
  const width = out.isTerminal ? out.columns : Number.POSITIVE_INFINITY
  for (const line of renderTable(columns, rows, { width, style, bare })) out.line(line)
}

function pick(answer: Stats, names: readonly string[]): Stats {
  return Object.fromEntries(names.flatMap((name) => (name in answer ? [[name, answer[name]!]] : [])))
}

/** As memcached writes it. */
function textOf(value: Stats[string] | undefined): string {
  if (value === undefined) return '-'
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)
}
