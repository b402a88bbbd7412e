import { formatDuration, plural } from '../format.ts'
import { escapeText } from '../terminal/escape.ts'
import type { LiveView } from '../terminal/live-screen.ts'
import type { Style } from '../terminal/style.ts'
import { cutText, padText, textWidth } from '../terminal/width.ts'
import type { HotPanel } from './hot-panel.ts'
import { loadCharts } from './load-charts.ts'
import { LoadHistory } from './load-history.ts'
import { loadTable, SORTS, sortLoads } from './load-table.ts'
import type { ServerLoad } from './server-load.ts'

/** Lines of charts that stay below a long list of servers. */
const LEAST_CHARTS = 4
/** A lower terminal has no blank lines, and no charts below the list of servers. */
const LOW_ROWS = 14

const SORT_KEYS: Readonly<Record<string, number>> = { left: -1, right: 1 }
const MARK_KEYS: Readonly<Record<string, number>> = {
  up: -1,
  down: 1,
  home: Number.NEGATIVE_INFINITY,
  end: Number.POSITIVE_INFINITY,
  pageup: -10,
  pagedown: 10,
}

/** View of `memlane top`: servers as a table, and charts of one or of all. */
export class TopView implements LiveView {
  readonly #style: Style
  readonly #every: string
  readonly #hot: HotPanel | undefined
  readonly #history: LoadHistory = new LoadHistory()
  #loads: readonly ServerLoad[] = []
  #sort = 0
  #isReversed = false
  /** Server whose line is marked; undefined: the line of all. */
  #marked: string | undefined
  /** Whether charts of the marked server alone are shown. */
  #isAlone = false
  #isPaused = false

  /** @param hot - Panel of the keys that are read most. */
  constructor(style: Style, everyMs: number, hot?: HotPanel) {
    this.#style = style
    this.#hot = hot
    this.#every = `every ${formatDuration(everyMs)}`
  }

  /** Takes the loads of a round. */
  add(loads: readonly ServerLoad[]): void {
    this.#history.add(loads)
    if (!this.#isPaused) this.#loads = loads
  }

  press(key: string): void {
    if (key in SORT_KEYS) this.#sort = (this.#sort + SORT_KEYS[key]! + SORTS.length) % SORTS.length
    else if (key in MARK_KEYS) this.#move(MARK_KEYS[key]!)
    else if (key === 'r') this.#isReversed = !this.#isReversed
    else if (key === 'space') this.#isPaused = !this.#isPaused
    else if (key === 'k' && this.#hot !== undefined) this.#toggleHot(this.#hot)
    else if (key === 'return') this.#isAlone = !this.#isAlone
    else if (key === 'escape') this.#leave()
  }

  #toggleHot(hot: HotPanel): void {
    if (hot.isShown) hot.hide()
    else hot.show()
  }

  /** Goes back to the list of servers. */
  #leave(): void {
    if (this.#hot?.isShown === true) this.#hot.hide()
    else this.#isAlone = false
  }

  lines(columns: number, rows: number): readonly string[] {
    const lines = [this.#title(columns), ...this.#body(columns, rows - 2)]
    const blanks = Array.from({ length: Math.max(0, rows - 1 - lines.length) }, () => '')
    return [...lines, ...blanks, this.#hints(columns)]
  }

  /** Servers in their order. */
  get #sorted(): ServerLoad[] {
    return sortLoads(this.#loads, { sort: this.#sort, isReversed: this.#isReversed })
  }

  /** Marks another line; the last one, below the servers, is that of all. */
  #move(lines: number): void {
    const sorted = this.#sorted
    this.#marked = sorted[Math.max(0, markOf(sorted, this.#marked) + lines)]?.server
  }

  #title(columns: number): string {
    const down = this.#loads.filter(({ load }) => load === undefined).length
    const servers =
      this.#loads.length === 0
        ? 'connecting'
        : plural(this.#loads.length, 'server') + (down > 0 ? `, ${down} down` : '')
    const left = cutText(`memlane top  ${servers}`, columns)
    const end = this.#isPaused ? 'paused' : this.#every
    const gap = columns - textWidth(left) - end.length
    return gap < 2
      ? this.#style('bold', left)
      : `${this.#style('bold', left)}${' '.repeat(gap)}${this.#style('dim', end)}`
  }

  #body(columns: number, rows: number): string[] {
    if (this.#hot?.isShown === true) return this.#hot.lines(columns, rows)
    if (this.#loads.length === 0) return []
    const sorted = this.#sorted
    const mark = sorted.length > 1 ? markOf(sorted, this.#marked) : 0
    const marked = sorted[mark]
    if (this.#isAlone) return this.#alone(marked, columns, rows)
    const look = { width: columns, style: this.#style, sort: this.#sort, isReversed: this.#isReversed }
    const table = loadTable(sorted, this.#loads.length > 1 ? { ...look, marked: marked?.server ?? 'ALL' } : look)
    const gap = rows < LOW_ROWS ? [] : ['']
    const room = rows - 2 * gap.length - (rows < LOW_ROWS ? 0 : LEAST_CHARTS)
    const shown = scroll(table, Math.max(2, room), mark)
    const left = rows - 2 * gap.length - shown.length
    const charts = rows < LOW_ROWS && this.#loads.length > 1 ? [] : this.#charts(marked, columns, left)
    return [...gap, ...shown, ...gap, ...charts]
  }

  /** Charts of one server on the whole screen. */
  #alone(marked: ServerLoad | undefined, columns: number, rows: number): string[] {
    const name = marked === undefined ? 'ALL' : [marked.server, marked.version].join('  ')
    const reason =
      marked?.error === undefined ? [] : [this.#style('red', cutText(escapeText(`DOWN  ${marked.error}`), columns))]
    const head = [this.#style('bold', padText(cutText(escapeText(name), columns), 0)), ...reason]
    return [...head, ...this.#charts(marked, columns, rows - head.length)]
  }

  #charts(marked: ServerLoad | undefined, columns: number, rows: number): string[] {
    return loadCharts(this.#history.of(marked?.server), { columns, rows, style: this.#style })
  }

  #hints(columns: number): string {
    const keys = this.#keys()
    return this.#style('dim', cutText(keys.join(' · '), columns))
  }

  /** Hints: keys of the keyboard and their present effects. */
  #keys(): string[] {
    if (this.#hot?.isShown === true) return ['q quit', 'esc back']
    if (this.#isAlone) return ['q quit', 'esc back', '↑↓ server', 'space pause']
    const servers = this.#loads.length > 1 ? ['↑↓ server', 'enter charts'] : ['enter charts']
    return [
      'q quit',
      '←→ sort',
      'r reverse',
      ...servers,
      ...(this.#hot === undefined ? [] : ['k hot keys']),
      'space pause',
    ]
  }
}

/** Position of the marked line. */
function markOf(sorted: readonly ServerLoad[], marked: string | undefined): number {
  const at = sorted.findIndex(({ server }) => server === marked)
  return at === -1 ? sorted.length : at
}

/** Lines of a table that fit: its headings, and lines around the marked one. */
function scroll([heading = '', ...lines]: readonly string[], rows: number, marked: number): string[] {
  const room = rows - 1
  const first = Math.max(0, Math.min(marked - Math.floor(room / 2), lines.length - room))
  return [heading, ...lines.slice(first, first + room)]
}
