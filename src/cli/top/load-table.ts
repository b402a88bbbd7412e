import { formatBytes, formatCount, formatDuration, formatPercent, formatRate } from '../format.ts'
import { bar } from '../terminal/bars.ts'
import { escapeText } from '../terminal/escape.ts'
import type { Format, Style } from '../terminal/style.ts'
import { type Cell, type Column, renderTable } from '../terminal/table.ts'
import { cutText, padText, textWidth } from '../terminal/width.ts'
import { hitShare, type Load, memoryShare, type ServerLoad, totalLoad } from './server-load.ts'

/** Order of the servers. */
export interface TableOrder {
  /** Position in {@link SORTS}. */
  readonly sort: number
  readonly isReversed: boolean
}

/** Look of the table. */
export interface TableStyle extends TableOrder {
  readonly width: number
  readonly style: Style
  /** Server that is marked. */
  readonly marked?: string | undefined
}

/** Numbers of the table, by which it is sorted too. */
interface LoadColumn extends Column {
  readonly value: (load: Load) => number
  readonly text: (load: Load) => string
  /** Whether the number deserves attention. */
  readonly warns?: (load: Load) => Format | undefined
}

const BAR_COLUMNS = 8
/** Names of servers take a third of the width at most, and so many columns in any case. */
const LEAST_NAME = 16
/** Below this share of hits the number is colored. */
const LOW_HITS = 0.8
/** Above this share of connections the number is colored. */
const MANY_CONNECTIONS = 0.8

const right = { align: 'right' } as const

const COLUMNS: readonly LoadColumn[] = [
  {
    heading: 'UP',
    ...right,
    drop: 4,
    value: ({ uptime }) => uptime,
    text: ({ uptime }) => formatDuration(uptime * 1000),
  },
  { heading: 'ITEMS', ...right, drop: 3, value: ({ items }) => items, text: ({ items }) => formatCount(items) },
  { heading: 'MEMORY', drop: 7, value: memoryShare, text: (load) => bar(memoryShare(load), BAR_COLUMNS).trimEnd() },
  { heading: 'FULL', ...right, drop: 2, value: memoryShare, text: (load) => `${formatPercent(memoryShare(load))}%` },
  { heading: 'OF', ...right, drop: 6, value: ({ limit }) => limit, text: ({ limit }) => formatBytes(limit) },
  { heading: 'GET/S', ...right, value: ({ gets }) => gets, text: ({ gets }) => formatRate(gets) },
  {
    heading: 'HIT%',
    ...right,
    value: hitShare,
    text: (load) => formatPercent(hitShare(load)),
    warns: (load) => (hitShare(load) < LOW_HITS ? 'yellow' : undefined),
  },
  { heading: 'SET/S', ...right, drop: 1, value: ({ sets }) => sets, text: ({ sets }) => formatRate(sets) },
  {
    heading: 'EVICT/S',
    ...right,
    drop: 1,
    value: ({ evictions }) => evictions,
    text: ({ evictions }) => formatRate(evictions),
    warns: ({ evictions }) => (evictions > 0 ? 'yellow' : undefined),
  },
  {
    heading: 'CONN',
    ...right,
    drop: 1,
    value: ({ connections }) => connections,
    text: ({ connections }) => formatCount(connections),
    warns: ({ connections, maxConnections }) => (connections > MANY_CONNECTIONS * maxConnections ? 'red' : undefined),
  },
  { heading: 'IN/S', ...right, drop: 5, value: ({ read }) => read, text: ({ read }) => formatBytes(read) },
  { heading: 'OUT/S', ...right, drop: 5, value: ({ written }) => written, text: ({ written }) => formatBytes(written) },
  { heading: 'PING', ...right, drop: 4, value: ({ ping }) => ping, text: ({ ping }) => formatDuration(ping) },
  {
    heading: 'MAX',
    ...right,
    drop: 6,
    value: ({ longestPing }) => longestPing,
    text: ({ longestPing }) => formatDuration(longestPing),
  },
]

/** Columns that servers may be sorted by: by their place in the list of servers, or by a number, greatest first. */
export const SORTS: readonly string[] = ['SERVER', ...COLUMNS.map(({ heading }) => heading)]

/** Puts servers in an order: those that do not answer first, where a problem is seen. */
export function sortLoads(loads: readonly ServerLoad[], { sort, isReversed }: TableOrder): ServerLoad[] {
  const column = COLUMNS[sort - 1]
  if (column === undefined) return isReversed ? loads.toReversed() : [...loads]
  const number = ({ load }: ServerLoad): number => {
    const value = load === undefined ? Number.POSITIVE_INFINITY : column.value(load)
    return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value
  }
  const direction = isReversed ? 1 : -1
  // Infinity minus Infinity would be no order.
  return loads.toSorted((a, b) => (number(a) === number(b) ? 0 : number(a) > number(b) ? direction : -direction))
}

/** Lines of the table: headings, a line for each server in the order given, and one for all where there are several. */
export function loadTable(loads: readonly ServerLoad[], look: TableStyle): string[] {
  const most = Math.max(LEAST_NAME, Math.floor(look.width / 3))
  const mark = (server: string): string => {
    const name = cutText(escapeText(server), most)
    return look.marked === undefined ? name : `${server === look.marked ? '▸' : ' '} ${name}`
  }
  const known = loads.flatMap(({ load }) => load ?? [])
  const rows: Cell[][] = loads.map(({ server, version, load }) => [mark(server), version, ...cellsOf(load)])
  if (loads.length > 1) rows.push([mark('ALL'), '', ...cellsOf(totalLoad(known))])
  const heading = SORTS[look.sort]!
  const columns: Column[] = [{ heading: 'SERVER' }, { heading: 'VERSION', drop: 6 }, ...COLUMNS].map((column) =>
    column.heading === heading ? { ...column, heading: heading + (look.isReversed ? '▴' : '▾') } : column,
  )
  const lines = renderTable(columns, rows, look)
  const width = Math.max(...rows.map(([first]) => textWidth(first as string)))
  return lines.map((line, at) => {
    const down = loads[at - 1]
    return down?.error === undefined ? line : downLine(padText(mark(down.server), width), down.error, look)
  })
}

function cellsOf(load: Load | undefined): Cell[] {
  return COLUMNS.map(({ text, warns }) => {
    if (load === undefined) return ''
    const format = warns?.(load)
    return format === undefined ? text(load) : { text: text(load), format }
  })
}

/** A server that does not answer has its reason where others have their numbers. */
function downLine(name: string, reason: string, { width, style }: TableStyle): string {
  const rest = cutText(escapeText(reason), width - textWidth(name) - 8)
  return `${name}  ${style(['red', 'bold'], 'DOWN')}  ${style('red', rest)}`
}
