const MEBIBYTE = 2 ** 20

/** Rows in which calls begin whatever became of those before. */
const OPEN_KINDS = new Set(['open', 'bursts'])

/** Goals whose figure stands nowhere else in their row. */
const SHOWS_VALUE = new Set(['pylibmc', 'floor CPU', 'baseline CPU'])

/** Our ratios to the raw socket and to ourselves in the baseline. */
const OWN_RATIOS = [
  ['floor rate ×', 'floorRate'],
  ['floor CPU 1/×', 'floorCpu'],
  ['baseline rate ×', 'ownRate'],
  ['baseline CPU 1/×', 'ownCpu'],
]

/** The whole report for a terminal. */
export function formatReport(allRows) {
  const clients = clientNames(allRows)
  const rows = allRows.filter(({ kind }) => !OPEN_KINDS.has(kind))
  const openRows = allRows.filter(({ kind }) => OPEN_KINDS.has(kind))
  return [
    ...(rows.length === 0 ? [] : closedSections(rows)),
    section(
      'Open loop: p50 / p99 / p99.9 in ms from the intended start; a burst: ms until its last answer',
      openTable(openRows),
    ),
    section('Broken cells', problems(allRows, clients)),
  ]
    .flat()
    .join('\n')
}

function closedSections(rows) {
  const clients = clientNames(rows)
  return [
    ...section('Commands per second (client CPU, µs per command)', figuresTable(rows, clients)),
    ...section('memlane against the best rival and the raw socket: above 1 is better', ratiosTable(rows)),
    ...section('Latency p50 / p99 in ms, peak memory', latencyTable(rows, clients)),
  ]
}

function section(title, lines) {
  return lines.length === 0 ? [] : ['', title, ...lines]
}

function clientNames(rows) {
  return Array.from(new Set(rows.flatMap((row) => Object.keys(row.figures))))
}

function figuresTable(rows, clients) {
  const body = rows.map((row) => [row.title, ...clients.map((client) => formatFigure(row.kind, row.figures[client]))])
  return alignColumns([['', ...clients], ...body])
}

function formatFigure(kind, figures) {
  if (figures === undefined) return '–'
  if (figures.problem !== undefined) return 'broken'
  if (kind === 'cold') return `${figures.sockets} ${figures.sockets === 1 ? 'socket' : 'sockets'}`
  if (kind === 'memory') return `${formatMebibytes(figures.heapBytes)} heap`
  return `${formatRate(figures.rate)} (${formatNumber(figures.cpuMicros)})`
}

function ratiosTable(rows) {
  const head = ['', 'rate ×', 'best rate', 'CPU 1/×', 'best CPU', ...OWN_RATIOS.map(([title]) => title), 'goal']
  const body = rows.map(({ title, ratios, verdicts }) => [
    title,
    formatRatio(ratios.rate?.ratio),
    ratios.rate?.rival ?? '–',
    formatRatio(ratios.cpu?.ratio),
    ratios.cpu?.rival ?? '–',
    ...OWN_RATIOS.map(([, name]) => formatRatio(ratios[name])),
    verdicts.map(formatVerdict).join(', '),
  ])
  return alignColumns([head, ...body])
}

function formatVerdict({ what, sign, limit, value, isMet }) {
  const shown = what === 'heap' ? formatMebibytes(limit) : limit
  const actual = SHOWS_VALUE.has(what) && value !== undefined ? ` (${formatNumber(value)})` : ''
  return `${what} ${sign} ${shown}${actual} ${isMet === undefined ? 'n.a.' : isMet ? 'met' : 'NOT MET'}`
}

function latencyTable(rows, clients) {
  const timed = rows.filter(({ kind }) => kind !== 'memory')
  const body = timed.map((row) => [row.title, ...clients.map((client) => formatLatency(row.figures[client]))])
  return alignColumns([['', ...clients], ...body])
}

function formatLatency(figures) {
  if (figures === undefined || figures.problem !== undefined) return '–'
  const times = `${formatNumber(figures.p50Ms)} / ${formatNumber(figures.p99Ms)}`
  return figures.peakRssBytes === undefined ? times : `${times}, ${formatMebibytes(figures.peakRssBytes)}`
}

function openTable(rows) {
  const clients = clientNames(rows)
  const body = rows.map((row) => [
    row.title,
    ...clients.map((client) => formatTail(row.kind, row.figures[client])),
    formatRatio(row.ratios.p99?.ratio ?? row.ratios.burst?.ratio),
    row.ratios.p99?.rival ?? row.ratios.burst?.rival ?? '–',
    row.verdicts.map(formatVerdict).join(', '),
  ])
  return rows.length === 0 ? [] : alignColumns([['', ...clients, '1/×', 'best', 'goal'], ...body])
}

function formatTail(kind, figures) {
  if (figures === undefined) return '–'
  if (figures.problem !== undefined) return 'broken'
  if (figures.fellOver !== undefined) return 'fell over'
  if (kind === 'bursts') return `${formatNumber(figures.burstMs)}`
  return [figures.p50Ms, figures.p99Ms, figures.p999Ms].map(formatNumber).join(' / ')
}

function problems(rows, clients) {
  return rows.flatMap((row) =>
    clients
      .filter((client) => reasonOf(row.figures[client]) !== undefined)
      .map((client) => `  ${row.title} · ${client}: ${reasonOf(row.figures[client])}`),
  )
}

function reasonOf(figures) {
  return figures?.problem ?? (figures?.fellOver && `fell over: ${figures.fellOver}`)
}

/** The first column to the left, the others to the right, except a last one of words. */
function alignColumns(table) {
  const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)))
  return table.map((cells) =>
    `  ${cells.map((cell, column) => alignCell(cell, column, widths[column], table[0][column])).join('  ')}`.trimEnd(),
  )
}

function alignCell(cell, column, width, head) {
  return column === 0 || head === 'goal' ? cell.padEnd(width) : cell.padStart(width)
}

function formatRate(rate) {
  return rate >= 1000 ? `${formatNumber(rate / 1000)} k` : formatNumber(rate)
}

function formatRatio(ratio) {
  return ratio === undefined ? '–' : formatNumber(ratio)
}

function formatMebibytes(bytes) {
  return `${formatNumber(bytes / MEBIBYTE)} MB`
}

/** Two figures that count, or all of a large number. */
function formatNumber(number) {
  if (number === undefined) return '–'
  const size = Math.abs(number)
  return number.toFixed(size >= 20 ? 0 : size >= 2 ? 1 : 2)
}
