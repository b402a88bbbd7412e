import { formatBytes, formatDuration, formatPercent, formatRate } from '../format.ts'
import type { Style } from '../terminal/style.ts'
import { renderTable } from '../terminal/table.ts'
import { cutText } from '../terminal/width.ts'
import type { HotReport } from './hot-report.ts'

/** Look of a report. */
export interface HotLook {
  readonly width: number
  readonly style: Style
  /** Most lines of keys, and of prefixes. */
  readonly keys: number
  readonly prefixes: number
  /** Whether the server of each key is shown. */
  readonly hasServers: boolean
}

/** Sums up a report in one line, which says how much of it is an estimate. */
export function hotSummary({ seconds, perSecond, hitShare, factor }: HotReport): string {
  const base = `${formatDuration(seconds * 1000)} · ${formatRate(perSecond)} reads/s · ${formatPercent(hitShare)} % hits`
  if (!(factor > 1.005)) return base
  return `${base} · sampled 1:${factor.toFixed(1)} (the log left out ${formatPercent(1 - 1 / factor)} %)`
}

/** Lines of a report: the keys that are read most, and the prefixes that are missed most. */
export function hotLines(report: HotReport, look: HotLook): string[] {
  const keys = report.keys.slice(0, look.keys).map(({ key, server, perSecond, hitShare, size }) => {
    const share = formatPercent(hitShare)
    const cells = [
      formatRate(perSecond),
      hitShare < 0.5 ? { text: share, format: 'yellow' as const } : share,
      size === undefined ? '-' : formatBytes(size),
      key,
    ]
    return look.hasServers ? [...cells, server] : cells
  })
  const columns = [
    { heading: 'READ/S', align: 'right' as const },
    { heading: 'HIT%', align: 'right' as const },
    { heading: 'SIZE', align: 'right' as const, drop: 1 },
    { heading: 'KEY', shrinks: true as const },
    ...(look.hasServers ? [{ heading: 'SERVER', drop: 2 }] : []),
  ]
  const missed = report.prefixes.slice(0, look.prefixes).map(({ prefix, perSecond }) => [formatRate(perSecond), prefix])
  const misses = renderTable(
    [
      { heading: 'MISS/S', align: 'right' },
      { heading: 'PREFIX', shrinks: true },
    ],
    missed,
    look,
  )
  return [...renderTable(columns, keys, look), ...(missed.length === 0 ? [] : ['', ...misses])]
}

/** Lines of a screen: title, summary, and as much of the report as there is room for. */
export function hotScreen(
  report: HotReport,
  title: string,
  columns: number,
  rows: number,
  look: Omit<HotLook, 'width' | 'keys' | 'prefixes'>,
): string[] {
  const room = rows - 4
  const prefixes = Math.min(report.prefixes.length, 5, Math.floor(room / 3))
  const keys = Math.max(1, room - (prefixes > 0 ? prefixes + 2 : 0) - 1)
  const head = [
    look.style('bold', cutText(title, columns)),
    cutText(report.perSecond > 0 ? hotSummary(report) : 'no read yet', columns),
  ]
  const body = report.perSecond > 0 ? hotLines(report, { ...look, width: columns, keys, prefixes }) : []
  return [...head, ...(rows > 8 ? [''] : []), ...body].slice(0, Math.max(1, rows - 1))
}
