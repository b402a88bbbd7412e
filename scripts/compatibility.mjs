// Writes docs/compatibility.md from vitest's JSON reports: the servers by `npm test`, the runtimes by `npm run
// test:runtimes`. Each keeps the other's part. The text depends on the outcomes alone: no dates, no durations.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './setup.mjs'

const PAGE = join(root, 'docs', 'compatibility.md')

const HEAD = `# Where memlane is tested

One suite of client tests runs on every server, transport and protocol below. The tests write this page.
`

const SERVERS_HEAD = `## Servers

The number of tests that passed. *n instead*: the number of tests that ran in place of others, because the server or
protocol lacks a feature and the docs say what happens then. *n left out*: the number of tests that were left out, because
the docs say nothing that could be tested instead.
`

const RUNTIMES_HEAD = `## Runtimes

The same suite inside other runtimes, against the in-process server and the installed memcached.
`

const PROTOCOLS = ['auto', 'meta', 'text']

/** Writes the servers' part from the report of a whole run. */
export function writeServers(report) {
  const targets = targetsOf(readTests(report))
  const rows = groupBy([...targets.values()], rowName)
  const lines = [...rows.values()].toSorted(compareRows).map((row) => {
    const cells = PROTOCOLS.map((protocol) => cell(row.find((target) => target.protocol === protocol)))
    const lacks = row.find((target) => target.protocol === 'auto')?.lacks ?? []
    return [row[0].server, transportName(row[0].transport), ...cells, lacks.join(', ')]
  })
  const header = ['server', 'over', ...PROTOCOLS.map((protocol) => `protocol ${protocol}`), 'lacks, by auto']
  writePart('servers', `${SERVERS_HEAD}\n${table(header, lines)}`)
}

/** Writes the runtimes' part; `reports` by the runtime's name. */
export function writeRuntimes(reports) {
  const outcomes = [...reports].map(([name, report]) => [name, targetsOf(readTests(report))])
  const servers = [...new Set(outcomes.flatMap(([, targets]) => [...targets.values()].map(({ server }) => server)))]
  const lines = outcomes.map(([name, targets]) => [
    name,
    ...servers.map((server) => cell(sum([...targets.values()].filter((target) => target.server === server)))),
  ])
  const failures = outcomes.flatMap(([name, targets]) => failureLines(name, targets))
  const list = failures.length === 0 ? '' : `\nFailed:\n\n${failures.join('\n')}\n`
  const page = `${table(['runtime', ...servers], lines)}${list}`
  writePart('runtimes', `${RUNTIMES_HEAD}\n${page}`)
  return page
}

/** One line for a test, however many targets it failed on. */
function failureLines(runtime, targets) {
  const failed = [...targets].flatMap(([target, { failed: titles }]) => titles.map((title) => ({ target, title })))
  return [...groupBy(failed, ({ title }) => title)].map(([title, places]) => {
    const others = places.length === 1 ? '' : `, and ${places.length - 1} more`
    return `- ${runtime}: ${title} (${places[0].target}${others})`
  })
}

function readTests(report) {
  return JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap(({ assertionResults }) => assertionResults)
}

/** What became of the tests of each target, by its name. */
function targetsOf(tests) {
  const targets = new Map()
  for (const { meta, ancestorTitles } of tests) {
    if (meta.target === undefined) continue
    targets.set(ancestorTitles[0], { ...meta.target, passed: 0, failed: [], instead: 0, leftOut: 0 })
  }
  for (const test of tests) {
    const target = targets.get(test.ancestorTitles[0])
    if (target !== undefined) count(target, test)
  }
  return targets
}

function count(target, { status, title, meta }) {
  if (status === 'failed') target.failed.push(title)
  else if (status !== 'passed') target.leftOut++
  else if (meta.insteadOf === undefined) target.passed++
  else target.instead++
}

function sum(targets) {
  const total = (name) => targets.reduce((so, target) => so + target[name], 0)
  return {
    passed: total('passed'),
    failed: targets.flatMap(({ failed }) => failed),
    instead: total('instead'),
    leftOut: total('leftOut'),
  }
}

function cell(target) {
  if (target === undefined) return '–'
  const { passed, failed, instead, leftOut } = target
  const parts = [String(passed)]
  if (instead > 0) parts.push(`${instead} instead`)
  if (leftOut > 0) parts.push(`${leftOut} left out`)
  if (failed.length > 0) parts.push(`**${failed.length} failed**`)
  return parts.join(', ')
}

const TRANSPORTS = {
  memory: 'memory',
  tcp: 'TCP',
  unix: 'unix socket',
  tls: 'TLS',
  login: 'TCP with login',
}
const transportName = (transport) => TRANSPORTS[transport]

function rowName({ server, transport }) {
  return `${server} ${transport}`
}

/** By server, as people order versions; then by transport, as in the tables of the tests. */
function compareRows([a], [b]) {
  const order = Object.keys(TRANSPORTS)
  return (
    a.server.localeCompare(b.server, 'en', { numeric: true }) || order.indexOf(a.transport) - order.indexOf(b.transport)
  )
}

function groupBy(items, nameOf) {
  const groups = new Map()
  for (const item of items) groups.set(nameOf(item), [...(groups.get(nameOf(item)) ?? []), item])
  return groups
}

function table(header, rows) {
  const all = [header, ...rows]
  const widths = header.map((_, at) => Math.max(...all.map((row) => row[at].length)))
  const line = (row) => `| ${row.map((text, at) => text.padEnd(widths[at])).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return `${[line(header), rule, ...rows.map(line)].join('\n')}\n`
}

function writePart(name, text) {
  const old = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : ''
  const parts = ['servers', 'runtimes'].map((part) => {
    const content = part === name ? text.trim() : readPart(old, part)
    return `<!-- ${part} -->\n\n${content}\n\n<!-- /${part} -->\n`
  })
  mkdirSync(dirname(PAGE), { recursive: true })
  writeFileSync(PAGE, `${HEAD}\n${parts.join('\n')}`)
}

function readPart(page, part) {
  const [, content = ''] = page.split(new RegExp(`<!-- /?${part} -->`))
  return content.trim()
}
