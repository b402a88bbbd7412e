import { formatBytes, formatCount, formatDuration, formatPercent, formatRate } from '../format.ts'
import { sparkline } from '../terminal/bars.ts'
import type { Style } from '../terminal/style.ts'
import { padText } from '../terminal/width.ts'
import { hitShare, type Load, memoryShare } from './server-load.ts'

/** Number that is drawn over time. */
interface Chart {
  readonly label: string
  readonly value: (load: Load) => number
  readonly show: (value: number) => string
  /** Value of the highest level. Default: the greatest of those shown. */
  readonly max?: number
}

const LABEL_COLUMNS = 13
const VALUE_COLUMNS = 7
/** A chart that is narrower is left out, in columns. */
const LEAST_COLUMNS = 4

/** The most telling ones first: the last ones are left out where there is no room. */
const CHARTS: readonly Chart[] = [
  { label: 'get/s', value: ({ gets }) => gets, show: formatRate },
  { label: 'hit %', value: hitShare, show: formatPercent, max: 1 },
  { label: 'evict/s', value: ({ evictions }) => evictions, show: formatRate },
  { label: 'set/s', value: ({ sets }) => sets, show: formatRate },
  { label: 'connections', value: ({ connections }) => connections, show: formatCount },
  { label: 'out/s', value: ({ written }) => written, show: formatBytes },
  { label: 'in/s', value: ({ read }) => read, show: formatBytes },
  { label: 'ping, median', value: ({ ping }) => ping, show: formatDuration },
  { label: 'memory %', value: memoryShare, show: formatPercent, max: 1 },
  { label: 'CPU %', value: ({ cpu }) => cpu, show: formatPercent },
  { label: 'miss/s', value: ({ misses }) => misses, show: formatRate },
  { label: 'delete/s', value: ({ deletes }) => deletes, show: formatRate },
  { label: 'incr, decr/s', value: ({ counts }) => counts, show: formatRate },
  { label: 'touch/s', value: ({ touches }) => touches, show: formatRate },
  { label: 'expired/s', value: ({ expired }) => expired, show: formatRate },
  { label: 'new conn/s', value: ({ newConnections }) => newConnections, show: formatRate },
  { label: 'rejected/s', value: ({ rejected }) => rejected, show: formatRate },
]

/** Lines of charts of a server, or of all: as many as there is room for. */
export function loadCharts(
  history: readonly (Load | undefined)[],
  { columns, rows, style }: { readonly columns: number; readonly rows: number; readonly style: Style },
): string[] {
  const room = columns - LABEL_COLUMNS - VALUE_COLUMNS - 2
  return CHARTS.slice(0, Math.max(0, rows)).map(({ label, value, show, max }) => {
    const values = history.map((load) => (load === undefined ? Number.NaN : value(load)))
    const now = padText(show(values.at(-1) ?? Number.NaN), VALUE_COLUMNS, 'right')
    const line = room < LEAST_COLUMNS ? '' : sparkline(values, room, max)
    return `${padText(label, LABEL_COLUMNS)}${style('bold', now)}  ${style('cyan', line)}`.trimEnd()
  })
}
