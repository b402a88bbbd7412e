import { type Command, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { plural } from '../format.ts'
import { FILTER_OPTIONS, keyFilter } from '../keys/key-filter.ts'
import { readServers } from '../server-list.ts'
import { Progress } from '../terminal/progress.ts'
import { countItems } from '../transfer/count-items.ts'
import { ItemReader } from '../transfer/item-reader.ts'
import { ItemWriter, WRITE_OPTIONS, writerClients } from '../transfer/item-writer.ts'
import { batchKeysFor, Pace } from '../transfer/pace.ts'
import { readerClients } from '../transfer/reader-clients.ts'
import { leftOut, reportUnfinished, reportWritten, warnOfStrays } from '../transfer/totals.ts'
import { UsageError } from '../usage-error.ts'

/** `memlane copy` */
export const copy: Command = defineCommand({
  name: 'copy',
  summary: 'Copy items to other servers, with flags and times to live',
  description: [
    'Reads from the servers of -s and stores on those of --to, each key where it belongs there. Values are copied as they are stored; a value in chunks is stored in chunks again. Items keep their place in the order of eviction of the servers that are read.',
    'Items that are there are kept, so that it can be called again after it was ended, and live writes of the new servers win. Walks over live servers: what is written to the old ones meanwhile may be missed. The list of keys of a server waits in memory here: about 100 MB for a million items.',
    'The login, TLS, --distribution and --key-prefix hold for both sides: an address memcached://user:password@host has a login of its own. For different ones use memlane dump and memlane load.',
  ],
  arguments: {},
  options: {
    to: { type: 'server', repeat: true, placeholder: 'address', help: 'a server to copy to; repeat for several' },
    ...WRITE_OPTIONS,
    ...FILTER_OPTIONS,
  },
  shared: 'client',
  examples: [
    { line: 'memlane copy -s old:11211 --to new1:11211 --to new2:11211', help: 'from one server to two' },
    { line: 'memlane copy -s a,b --to a,b,c --idle-below 1h --rate 5k', help: 'warm up a third server, gently' },
  ],
  exitCodes: { [EXIT.negative]: 'not used', [EXIT.server]: 'items were refused' },
  async run(context, { options }) {
    const { err, signal } = context
    if (options.to.length === 0) throw new UsageError('name the servers to copy to: --to new:11211')
    const filter = keyFilter(options)
    const clients = await readerClients(context)
    const targets = await writerClients(context, readServers(options.to, {}))
    const batchKeys = batchKeysFor(options.rate)
    const reader = new ItemReader(clients, { prefix: options.prefix, filter, batchKeys, signal })
    const writer = new ItemWriter(targets, options.mode, context)
    const pace = new Pace(options.rate, signal)
    const progress = new Progress(context)
    const total = err.isTerminal ? await countItems(clients.cache, signal) : Number.NaN
    let items = 0
    try {
      for await (const batch of reader.batches()) {
        await writer.write(batch)
        items += batch.length
        progress.update(plural(items, 'item'), total > 0 ? Math.min(1, items / total) : undefined)
        await pace.after(batch.length)
      }
    } catch (error) {
      progress.end()
      reportUnfinished(context, writer)
      throw error
    } finally {
      progress.end()
    }
    warnOfStrays(context, reader)
    return reportWritten(context, writer, leftOut(reader))
  },
})
