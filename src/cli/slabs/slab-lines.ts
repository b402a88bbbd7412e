import { formatBytes, formatCount, formatDuration, formatPercent, formatRate, plural } from '../format.ts'
import { freePages, type SlabClass, slabBytes } from '../stats/slab-classes.ts'
import { stackedBar } from '../terminal/bars.ts'
import { escapeText } from '../terminal/escape.ts'
import type { Style } from '../terminal/style.ts'
import { type Cell, type Column, renderTable } from '../terminal/table.ts'
import { cutText } from '../terminal/width.ts'

/** Slab classes of a server, and how fast each of them evicts. */
export interface ServerSlabs {
  readonly server: string
  /** Undefined where the server has not answered. */
  readonly classes: readonly SlabClass[] | undefined
  /** Why it has not answered, in one line. */
  readonly error: string | undefined
  /** Items that a class has evicted in a minute; NaN where there is nothing to compare with. */
  readonly evictedAMinute: (id: number) => number
}

/** Look of the lines. */
export interface SlabLook {
  readonly width: number
  readonly style: Style
  /** Whether evictions of a minute are shown instead of those since the start. */
  readonly hasRates: boolean
}

const BAR_COLUMNS = 16
/** A class of which more is used may evict at any time. */
const FULL_SHARE = 0.9
/** Explains the characters of the bars. */
export const LEGEND = 'used ▓ · padding ▒ · free ░'

/** Lines of a server: its name and sums, and a line for each class. */
export function slabLines(slabs: ServerSlabs, look: SlabLook): string[] {
  const { server, classes, error } = slabs
  const name = look.style('bold', cutText(escapeText(server), look.width))
  if (classes === undefined)
    return [`${name}  ${look.style('red', cutText(escapeText(error ?? ''), look.width - server.length - 2))}`]
  const sums = cutText(summary(classes), look.width)
  if (classes.length === 0) return [name, sums]
  const rows = classes.map((one) => rowOf(one, slabs, look))
  const notes = classes.flatMap((one) => noteOf(one, slabs, look) ?? [])
  const shown = notes.map((note) => look.style('yellow', cutText(`! class ${note}`, look.width)))
  return [name, look.style('dim', sums), ...renderTable(columnsOf(look), rows, look), ...shown]
}

function columnsOf({ hasRates }: SlabLook): Column[] {
  return [
    { heading: 'CLASS', align: 'right' },
    { heading: 'CHUNK', align: 'right' },
    { heading: 'PAGES', align: 'right', drop: 1 },
    { heading: 'MEMORY', drop: 2 },
    { heading: 'FULL', align: 'right' },
    { heading: 'ITEMS', align: 'right', drop: 1 },
    { heading: hasRates ? 'EVICT/M' : 'EVICTED', align: 'right' },
    { heading: 'AGE', align: 'right' },
  ]
}

function rowOf(slab: SlabClass, slabs: ServerSlabs, { hasRates }: SlabLook): Cell[] {
  const { total, requested, padding } = slabBytes(slab)
  const share = (bytes: number): number => (total > 0 ? bytes / total : 0)
  const parts = [
    { share: share(requested), character: '▓' },
    { share: share(padding), character: '▒' },
    { share: 1 - share(requested) - share(padding), character: '░' },
  ]
  const evictions = hasRates ? slabs.evictedAMinute(slab.id) : slab.evicted
  const shown = hasRates ? formatRate(evictions) : formatCount(evictions)
  return [
    String(slab.id),
    formatBytes(slab.chunkSize),
    formatCount(slab.pages),
    stackedBar(parts, BAR_COLUMNS),
    `${formatPercent(share(requested + padding))}%`,
    formatCount(slab.items),
    evictions > 0 ? { text: shown, format: 'yellow' } : shown,
    formatDuration(slab.age * 1000),
  ]
}

/** Problem of a class, shown after its number; undefined for none. */
function noteOf(slab: SlabClass, slabs: ServerSlabs, { hasRates }: SlabLook): string | undefined {
  const { id, outOfMemory, evicted } = slab
  if (outOfMemory > 0) return `${id} refused ${formatCount(outOfMemory)} stores for lack of memory`
  const evicts = hasRates ? slabs.evictedAMinute(id) > 0 : evicted > 0 && isFull(slab)
  if (!evicts) return undefined
  const roomy = (slabs.classes ?? [])
    .filter((other) => other.id !== id)
    .toSorted((a, b) => freePages(b) - freePages(a))[0]
  if (roomy === undefined || freePages(roomy) < 1) return undefined
  return `${id} ${hasRates ? 'evicts' : 'has evicted'} while class ${roomy.id} has ${plural(freePages(roomy), 'free page')}`
}

function isFull({ usedChunks, chunks }: SlabClass): boolean {
  return usedChunks > FULL_SHARE * chunks
}

function summary(classes: readonly SlabClass[]): string {
  if (classes.length === 0) return 'no item is stored'
  const bytes = classes.map(slabBytes)
  const sum = (read: (index: number) => number): number => classes.reduce((all, _, index) => all + read(index), 0)
  const total = sum((index) => bytes[index]!.total)
  const used = sum((index) => bytes[index]!.requested + bytes[index]!.padding)
  const padding = sum((index) => bytes[index]!.padding)
  return [
    `${classes.length} ${classes.length === 1 ? 'class' : 'classes'}`,
    plural(
      sum((index) => classes[index]!.pages),
      'page',
    ),
    `${formatBytes(used)} of ${formatBytes(total)} used`,
    `${formatPercent(used > 0 ? padding / used : 0)} % of that is padding`,
  ].join(' · ')
}
