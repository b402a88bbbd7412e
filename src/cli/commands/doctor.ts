import { type Command, type Context, defineCommand } from '../command.ts'
import { diagnose, type Finding } from '../doctor/diagnosis.ts'
import { Examination, type Examined } from '../doctor/examination.ts'
import type { Level } from '../doctor/rule.ts'
import type { ServerFacts } from '../doctor/server-facts.ts'
import { EXIT, explainError } from '../exit-code.ts'
import { formatCount, formatDuration, plural } from '../format.ts'
import { escapeText } from '../terminal/escape.ts'
import { Progress } from '../terminal/progress.ts'
import type { Format } from '../terminal/style.ts'

/** Exit code where something is bad: that of monitoring programs. */
const BAD = 2

const FORMATS: Readonly<Record<Level, Format>> = { bad: 'red', warning: 'yellow', info: 'cyan' }

/** `memlane doctor` */
export const doctor: Command = defineCommand({
  name: 'doctor',
  summary: 'Look for what is wrong with the servers, and say what to do',
  description: [
    'Reads the numbers of all servers twice, pings them in between, and applies rules about memory, hits, connections, settings and the differences between servers. Rates are those of the time in between; a longer --for is more exact. It writes nothing to the servers.',
    'bad: items or connections are refused or lost for no good reason. warning: it costs memory, time or safety. info: worth knowing, without effect on the exit code.',
  ],
  arguments: {},
  options: {
    for: { type: 'duration', default: 10_000, min: 100, help: 'time between the two looks' },
  },
  shared: 'client',
  examples: [
    { line: 'memlane doctor -s a:11211 -s b:11211', help: 'two servers, for ten seconds' },
    { line: 'memlane doctor --for 1m --json', help: 'a line of JSON for each finding, with its numbers' },
  ],
  exitCodes: {
    [EXIT.ok]: 'nothing was found but infos',
    [EXIT.negative]: 'there are warnings',
    [BAD]: 'something is bad, or the command line is wrong',
    [EXIT.server]: 'not used',
  },
  async run(context, { options }) {
    const { clients, signal, json, out, err } = context
    const client = await clients.memcache()
    const progress = new Progress(context)
    const duration = formatDuration(options.for)
    const examined = await new Examination(client, signal)
      .run(options.for, (share) =>
        progress.update(`looking at ${plural(client.servers.length, 'server')} for ${duration}`, share),
      )
      .finally(() => progress.end())
    const findings = diagnose(examined.facts)
    if (json)
      for (const { rule, level, server, fields, text, fix } of findings)
        out.json({ rule, level, server, fields, text, fix })
    else
      for (const facts of examined.facts)
        writeServer(
          context,
          facts,
          findings.filter(({ server }) => server === facts.server),
        )
    const exitCode = Math.max(exitCodeOf(findings), reportFailures(context, examined))
    if (!json && findings.length === 0 && examined.failed.length === 0) err.line('nothing was found')
    return exitCode
  },
})

function writeServer({ out, style }: Context, facts: ServerFacts, findings: readonly Finding[]): void {
  const version = escapeText(String(facts.stats['version'] ?? 'unknown'))
  const count = facts.count('curr_items')
  const items = count === 1 ? '1 item' : `${formatCount(count)} items`
  const up = formatDuration(facts.count('uptime') * 1000)
  out.line(`${style('bold', facts.server)}  memcached ${version}, up ${up}, ${items}`)
  for (const { level, rule, text, fix } of findings) {
    out.line(`  ${style(FORMATS[level], level.padEnd(7))}  ${rule.padEnd(16)}  ${escapeText(text)}`)
    out.line(style('dim', `${' '.repeat(29)}${fix}`))
  }
}

function reportFailures({ warn }: Context, { failed }: Examined): number {
  const explained = failed.map(
    ({ error }) => explainError(error) ?? { lines: [String(error)], exitCode: EXIT.internal },
  )
  for (const { lines } of explained) for (const line of lines) warn(line)
  return Math.max(EXIT.ok, ...explained.map(({ exitCode }) => exitCode))
}

function exitCodeOf(findings: readonly Finding[]): number {
  if (findings.some(({ level }) => level === 'bad')) return BAD
  return findings.some(({ level }) => level === 'warning') ? EXIT.negative : EXIT.ok
}
