import type { Memcache } from '../../client/memcache.ts'
import { listKeys } from '../../keys/list-keys.ts'
import type { ListedKey } from '../../keys/listed-key.ts'
import { type Command, type Context, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatBytes, formatCount, formatDuration, formatPercent, plural } from '../format.ts'
import { jsonKey, showKeyText } from '../key-argument.ts'
import { FILTER_OPTIONS, keyFilter } from '../keys/key-filter.ts'
import { type KeyGroup, KeyGroups } from '../keys/key-groups.ts'
import { numberIn, StatsSampler } from '../stats/stats-sampler.ts'
import { Progress } from '../terminal/progress.ts'
import { renderTable } from '../terminal/table.ts'

/** `memlane keys` */
export const keys: Command = defineCommand({
  name: 'keys',
  summary: 'List keys, or sum them up by prefix',
  description: [
    'Walks over all items of all servers while they change: an item that is stored or removed meanwhile may be listed or not. Needs memcached 1.6.9 or newer, without -X; hosted services have no listing. Sizes are those of whole items, with key and header. memcached notes an access at most once a minute.',
    'Keys that are bytes are listed as base64:YQBi, which other commands take as a key.',
  ],
  arguments: {},
  options: {
    ...FILTER_OPTIONS,
    long: { type: 'boolean', short: 'l', help: 'size, time to live, idle time and flags in front of each key' },
    limit: { type: 'count', min: 1, placeholder: 'number', help: 'stop after so many keys; of --summary: groups' },
    summary: { type: 'boolean', help: 'a line for each prefix instead of each key' },
    delimiter: { type: 'text', default: ':', help: 'of --summary: ends a prefix' },
    depth: {
      type: 'integer',
      default: 1,
      min: 1,
      max: 9,
      placeholder: 'number',
      help: 'of --summary: parts of a prefix',
    },
  },
  shared: 'client',
  examples: [
    { line: 'memlane keys --prefix session: --limit 20', help: 'twenty of the sessions' },
    { line: "memlane keys -m '*:tmp' --no-ttl -l", help: 'with size, time to live, idle time and flags' },
    { line: 'memlane keys --summary', help: 'which prefixes take the memory, and which are never read' },
    { line: 'memlane keys --idle-above 1d --json', help: 'a line of JSON for each key' },
  ],
  exitCodes: { [EXIT.negative]: 'no key was found' },
  async run(context, { options }) {
    const filter = keyFilter(options)
    const { prefix } = options
    const client = await context.clients.memcache()
    const walk = new Walk(context, client)
    const wanted = { ...(prefix === undefined ? {} : { prefix }), ...(filter === undefined ? {} : { filter }) }
    const listed = listKeys(client, { ...wanted, signal: context.signal })
    if (options.summary) return summarize(context, walk, listed, options)
    return list(context, walk, listed, options)
  },
})

/** Progress of a walk over all items. */
class Walk {
  readonly #client: Memcache
  readonly #progress: Progress
  #items = 0

  constructor(context: Context, client: Memcache) {
    this.#client = client
    this.#progress = new Progress(context)
  }

  /** Gives the keys, with a line of progress where that does not disturb the output. */
  async *over(listed: AsyncIterable<ListedKey>, isShown: boolean): AsyncGenerator<ListedKey, void, undefined> {
    const total = isShown ? await this.#countItems() : Number.NaN
    try {
      for await (const item of listed) {
        this.#items++
        if (isShown && this.#items % 1000 === 0) this.#update(total)
        yield item
      }
    } finally {
      this.#progress.end()
    }
  }

  #update(total: number): void {
    const share = total > 0 ? Math.min(1, this.#items / total) : undefined
    this.#progress.update(plural(this.#items, 'key'), share)
  }

  async #countItems(): Promise<number> {
    const samples = await new StatsSampler(this.#client).sample()
    return samples.reduce((sum, { stats }) => sum + (numberIn(stats, 'curr_items') || 0), 0)
  }
}

async function list(
  { out, json }: Context,
  walk: Walk,
  listed: AsyncIterable<ListedKey>,
  { long, limit = Number.POSITIVE_INFINITY }: { readonly long: boolean; readonly limit: number | undefined },
): Promise<number> {
  const write = json ? writeJson : long ? writeLong : writeKey
  let count = 0
  for await (const item of walk.over(listed, false)) {
    write(out, item)
    const { full } = out
    if (full !== undefined) await full
    if (++count >= limit) break
  }
  return count === 0 ? EXIT.negative : EXIT.ok
}

function writeKey(out: Context['out'], { key }: ListedKey): void {
  out.line(showKeyText(key))
}

/** The key comes last: lines are written as they come, so that no width is known. */
function writeLong(out: Context['out'], { key, size, ttl, lastAccess, clientFlags }: ListedKey): void {
  const facts = [formatBytes(size), formatDuration(ttl * 1000), formatDuration(lastAccess * 1000)]
  out.line(
    `${facts.map((fact) => fact.padStart(6)).join(' ')} ${String(clientFlags ?? '-').padStart(5)}  ${showKeyText(key)}`,
  )
}

function writeJson(out: Context['out'], item: ListedKey): void {
  const { key, server, ttl, lastAccess: idle, size, fetched, clientFlags, cas, slabClass } = item
  const flags = clientFlags === undefined ? {} : { flags: clientFlags }
  out.json({ ...jsonKey(key), server, ttl, idle, size, fetched, ...flags, cas: String(cas), slabClass })
}

interface SummaryOptions {
  readonly delimiter: string
  readonly depth: number
  readonly limit: number | undefined
}

async function summarize(
  context: Context,
  walk: Walk,
  listed: AsyncIterable<ListedKey>,
  { delimiter, depth, limit }: SummaryOptions,
): Promise<number> {
  const groups = new KeyGroups(delimiter, depth)
  for await (const item of walk.over(listed, true)) groups.add(item)
  const shown = groups.sorted.slice(0, limit)
  if (context.json) for (const group of shown) context.out.json(factsOf(group))
  else writeGroups(context, shown, groups.total)
  return groups.total.items === 0 ? EXIT.negative : EXIT.ok
}

const SUMMARY_COLUMNS = [
  { heading: 'PREFIX', shrinks: true },
  { heading: 'ITEMS', align: 'right' },
  { heading: 'BYTES', align: 'right' },
  { heading: 'AVG', align: 'right', drop: 1 },
  { heading: 'NEVER-READ', align: 'right' },
  { heading: 'NO-TTL', align: 'right' },
  { heading: 'TTL (p50)', align: 'right' },
  { heading: 'IDLE (p50)', align: 'right' },
] as const

function writeGroups({ out, style }: Context, shown: readonly KeyGroup[], total: KeyGroup): void {
  const rows = shown.map((group) => cellsOf(group))
  if (shown.length > 1) rows.push(cellsOf(total))
  const width = out.isTerminal ? out.columns : Number.POSITIVE_INFINITY
  for (const line of renderTable(SUMMARY_COLUMNS, rows, { width, style })) out.line(line)
}

function cellsOf({ prefix, items, bytes, unread, immortal, ttl, idle }: KeyGroup): string[] {
  return [
    prefix,
    formatCount(items),
    formatBytes(bytes),
    formatBytes(Math.round(bytes / items)),
    `${formatPercent(unread / items)} %`,
    `${formatPercent(immortal / items)} %`,
    formatDuration(ttl.median * 1000),
    formatDuration(idle.median * 1000),
  ]
}

function factsOf({ prefix, items, bytes, unread, immortal, ttl, idle }: KeyGroup): object {
  return {
    prefix,
    items,
    bytes,
    unread,
    noTtl: immortal,
    ttlP50: Math.round(ttl.median),
    idleP50: Math.round(idle.median),
  }
}
