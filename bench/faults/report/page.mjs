import { readFileSync, writeFileSync } from 'node:fs'
import { countHeld } from './table.mjs'

const PAGE = new URL('../../../docs/reliability.md', import.meta.url)
const README = new URL('../../../README.md', import.meta.url)
const BEGIN = '<!-- Written by npm run faults: begin -->'
const END = '<!-- Written by npm run faults: end -->'
const WORDS = {
  held: 'held',
  wrong: '**wrong**',
  hang: '**hang**',
  crash: '**crash**',
  "another key's value": "**another key's value**",
  '–': '–',
}

/** Puts the tables of a run into the page and the totals into the README, between their marks. */
export function updatePages(report) {
  writeBetweenMarks(PAGE, formatTables(report))
  writeBetweenMarks(README, formatSummary(report))
}

function writeBetweenMarks(file, text) {
  const [before, rest] = readFileSync(file, 'utf8').split(BEGIN)
  const [, after] = rest.split(END)
  writeFileSync(file, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`)
}

/** The tables of a run in Markdown. */
export function formatTables(report) {
  const rivals = report.clients.filter((client) => client.package !== 'memlane')
  const forms = report.clients.filter((client) => client.package === 'memlane')
  const groups = [...new Set(report.rows.map(({ group }) => group))]
  const tables = groups.map((group) =>
    formatGroup(
      group,
      report.rows.filter((row) => row.group === group),
      forms,
      rivals,
    ),
  )
  return [sayWith(report), formatTotals(report), ...tables].join('\n\n')
}

function sayWith({ date, node, servers, versions, rows }) {
  const rivals = Object.entries(versions).filter(([name]) => name !== 'memlane')
  const names = rivals.map(([name, version]) => `${name} ${version}`).join(', ')
  const redis = servers.redis === undefined ? '' : `, Redis ${servers.redis}`
  return `${rows.length} scenarios on ${date}, with Node ${node}, memcached ${servers.memcached}${redis}. memlane ${versions.memlane}; ${names}.`
}

function formatTotals(report) {
  const nameOf = ({ name, package: from, variant }) => (from === 'memlane' ? `memlane, ${FORMS[variant]}` : name)
  return formatCounts(report, report.clients, nameOf)
}

/** The totals of memlane as it is by default and of the other clients, with date and versions. */
function formatSummary(report) {
  const { date, rows, versions, clients } = report
  const shown = clients.filter(({ package: from, variant }) => from !== 'memlane' || variant === 'meta')
  const table = formatCounts(report, shown, ({ package: from }) => `${from} ${versions[from]}`)
  return `${table}\n\n${rows.length} scenarios on ${date}. Held: calls ended as they should with any client. A client takes part in the scenarios that its protocol has.`
}

function formatCounts({ rows }, clients, nameOf) {
  const lines = clients.map((client) => {
    const { held, of } = countHeld(rows, client.name)
    const verdicts = rows.map(({ cells }) => cells[client.name].verdict)
    const counts = ['wrong', 'hang', 'crash', "another key's value"].map((verdict) =>
      String(verdicts.filter((one) => one === verdict).length),
    )
    return [nameOf(client), `${held} of ${of}`, ...counts]
  })
  return formatMarkdown(['client', 'held', 'wrong', 'hang', 'crash', "another key's value"], lines)
}

const FORMS = {
  meta: 'meta protocol (the default)',
  MetaClient: '`MetaClient`',
  text: "`protocol: 'text'`",
  TLS: 'over TLS',
  cluster: 'one server of a cluster',
  sync: '`MemcacheSync`',
  shim: '`memlane/compat/memcached`',
}

function formatGroup(group, rows, forms, rivals) {
  const lines = rows.map(({ title, expects, cells }) => [
    title,
    expects,
    joinForms(forms, cells),
    ...rivals.map(({ name }) => WORDS[cells[name].verdict]),
  ])
  const table = formatMarkdown(['scenario', 'to be expected', 'memlane', ...rivals.map(({ name }) => name)], lines)
  const notes = rows.flatMap(({ title, known = {} }) => Object.values(known).map((note) => `\n\n_${title}_: ${note}`))
  return `### ${group}\n\n${table}${notes.join('')}`
}

/** One word where all forms of memlane that take part agree, or each that differs. */
function joinForms(forms, cells) {
  const taking = forms.filter(({ name }) => cells[name].verdict !== '–')
  const others = taking.filter(({ name }) => cells[name].verdict !== 'held')
  if (taking.length === 0) return '–'
  return others.length === 0
    ? 'held'
    : others.map(({ name, variant }) => `${WORDS[cells[name].verdict]} (${variant})`).join(', ')
}

function formatMarkdown(heads, lines) {
  const widths = heads.map((head, index) => Math.max(head.length, ...lines.map((line) => line[index].length)))
  const row = (cells) => `| ${cells.map((cell, index) => cell.padEnd(widths[index])).join(' | ')} |`
  return [row(heads), row(widths.map((width) => '-'.repeat(width))), ...lines.map(row)].join('\n')
}
