import { type Command, defineCommand } from '../command.ts'
import { formatBytes, plural } from '../format.ts'
import { FILTER_OPTIONS, keyFilter } from '../keys/key-filter.ts'
import { Progress } from '../terminal/progress.ts'
import { countItems } from '../transfer/count-items.ts'
import { DUMP_VERSION, lineOf } from '../transfer/item-line.ts'
import { ItemReader } from '../transfer/item-reader.ts'
import { BATCH_KEYS } from '../transfer/item-writer.ts'
import { readerClients } from '../transfer/reader-clients.ts'
import { leftOut, warnOfStrays } from '../transfer/totals.ts'

/** `memlane dump` */
export const dump: Command = defineCommand({
  name: 'dump',
  summary: 'Write all items as lines of JSON, for memlane load',
  description: [
    'One line for each item: key, ttl (seconds, 0 never expires), expires (seconds since 1970, by this clock), flags, size, and value or base64. The values are as they are stored, without regard to --serde. A header stands in front, and a line with the number of items at the end.',
    'Walks over live servers: an item that is stored or removed meanwhile may be in the dump or not. Items keep their place in the order of eviction. A value in chunks is one line. Left out: items that were invalidated and wait for a new value; a reader that reads them is told to store that value.',
    'Needs memcached 1.6.10 or newer, without -X; hosted services have no listing. The list of keys of a server waits in memory here: about 100 MB for a million items.',
  ],
  arguments: {},
  options: { ...FILTER_OPTIONS },
  shared: 'client',
  examples: [
    { line: 'memlane dump -s cache:11211 > cache.ndjson', help: 'everything, into a file' },
    { line: 'memlane dump --prefix session: --ttl-above 1m | gzip > sessions.gz', help: 'some of it, compressed' },
    { line: 'memlane dump -s old | memlane load -s new1,new2', help: 'to servers with another login' },
  ],
  async run(context, { options }) {
    const { out, err, signal } = context
    const filter = keyFilter(options)
    const clients = await readerClients(context)
    const reader = new ItemReader(clients, { prefix: options.prefix, filter, batchKeys: BATCH_KEYS, signal })
    const progress = new Progress(context)
    const total = err.isTerminal ? await countItems(clients.cache, signal) : Number.NaN
    let items = 0
    let bytes = 0
    let hasHeader = false
    const writeHeader = (): void => {
      hasHeader = true
      const servers = clients.cache.servers.map(({ name }) => name)
      out.json({ memlane: DUMP_VERSION, servers, at: new Date().toISOString() })
    }
    try {
      for await (const batch of reader.batches()) {
        if (!hasHeader) writeHeader()
        for (const item of batch) {
          out.json(lineOf(item, Date.now()))
          items++
          bytes += item.stored.data.length
          const { full } = out
          if (full !== undefined) await full
        }
        progress.update(plural(items, 'item'), total > 0 ? Math.min(1, items / total) : undefined)
      }
    } finally {
      progress.end()
    }
    if (!hasHeader) writeHeader()
    out.json({ end: true, items })
    warnOfStrays(context, reader)
    err.line(`${plural(items, 'item')} dumped (${formatBytes(bytes)})${leftOut(reader)}`)
  },
})
