import { type Command, type Context, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { plural } from '../format.ts'
import { Progress } from '../terminal/progress.ts'
import { inputLines } from '../transfer/input-lines.ts'
import type { Item } from '../transfer/item.ts'
import { type DumpLine, readLine } from '../transfer/item-line.ts'
import { ItemWriter, WRITE_OPTIONS, writerClients } from '../transfer/item-writer.ts'
import { batchKeysFor, Pace } from '../transfer/pace.ts'
import { reportUnfinished, reportWritten } from '../transfer/totals.ts'
import { UsageError } from '../usage-error.ts'

/** Bytes after which a batch ends: it is all in memory. */
const BATCH_BYTES = 8 * 1024 * 1024

/** `memlane load` */
export const load: Command = defineCommand({
  name: 'load',
  summary: 'Store the items that memlane dump has written',
  description: [
    'Reads lines of JSON from standard input. Lines may be written by hand: key (or keyBase64) and value (or base64) are enough; ttl (seconds, 0 never expires) and flags are 0 where they are left out.',
    'An item expires when it would have expired where it was dumped, and is left out once that has passed; with --fresh-ttl it lives as long from now as it had left then. A value that was in chunks is stored in chunks.',
    'A dump that was cut off is loaded as far as it goes; a warning says so.',
  ],
  arguments: {},
  options: {
    ...WRITE_OPTIONS,
    freshTtl: { type: 'boolean', help: 'count times to live from now, not from the time of the dump' },
  },
  shared: 'client',
  examples: [
    { line: 'memlane load -s new:11211 < cache.ndjson', help: 'the items that are not there yet' },
    { line: 'memlane load --mode set --rate 5k < cache.ndjson', help: 'replace what is there, gently' },
    { line: 'memlane load --fresh-ttl < fixtures.ndjson', help: 'items for tests, whenever they were dumped' },
  ],
  exitCodes: { [EXIT.negative]: 'the dump was cut off', [EXIT.server]: 'items were refused' },
  async run(context, { options: { mode, rate, freshTtl } }) {
    if (context.host.hasTakenInput === true)
      throw new UsageError('standard input has commands here: call it from a shell')
    const writer = new ItemWriter(await writerClients(context), mode, context)
    const source = new DumpSource(context, freshTtl, batchKeysFor(rate))
    const pace = new Pace(rate, context.signal)
    const progress = new Progress(context)
    try {
      for await (const batch of source.batches()) {
        await writer.write(batch)
        progress.update(plural(writer.stored, 'item'))
        await pace.after(batch.length)
      }
    } catch (error) {
      progress.end()
      reportUnfinished(context, writer)
      throw error
    } finally {
      progress.end()
    }
    const more = source.expired > 0 ? `; ${source.expired} expired since the dump and left out` : ''
    const exitCode = reportWritten(context, writer, more)
    if (!source.isCutOff) return exitCode
    context.warn('the dump has no last line: it was cut off, and items are missing')
    return Math.max(exitCode, EXIT.negative)
  },
})

/** Items of standard input. */
class DumpSource {
  /** Items that have expired since the dump. */
  expired = 0
  /** Whether there was a header and no end. */
  isCutOff = false
  readonly #context: Context
  readonly #freshTtl: boolean
  readonly #batchKeys: number

  constructor(context: Context, freshTtl: boolean, batchKeys: number) {
    this.#context = context
    this.#freshTtl = freshTtl
    this.#batchKeys = batchKeys
  }

  async *batches(): AsyncGenerator<readonly Item[], void, undefined> {
    let batch: Item[] = []
    let bytes = 0
    for await (const item of this.#items()) {
      batch.push(item)
      bytes += item.stored.data.length
      if (batch.length < this.#batchKeys && bytes < BATCH_BYTES) continue
      yield batch
      batch = []
      bytes = 0
    }
    if (batch.length > 0) yield batch
  }

  async *#items(): AsyncGenerator<Item, void, undefined> {
    let number = 0
    for await (const text of this.#lines()) {
      number++
      if (text === '') continue
      const line = readNumbered(text, number)
      if (line.kind !== 'item') this.isCutOff = line.kind === 'header'
      else {
        const item = this.#timed(line)
        if (item === undefined) this.expired++
        else yield item
      }
    }
  }

  async *#lines(): AsyncGenerator<string, void, undefined> {
    const { host, signal } = this.#context
    const stop = (): void => void host.stdin.destroy()
    signal.addEventListener('abort', stop, { once: true })
    try {
      yield* inputLines(host.stdin)
    } finally {
      signal.removeEventListener('abort', stop)
      signal.throwIfAborted()
    }
  }

  /** The item with what is left of its time; undefined: it has expired. */
  #timed({ item, expires }: DumpLine & { readonly kind: 'item' }): Item | undefined {
    if (this.#freshTtl || expires === undefined) return item
    const ttl = expires - Math.floor(Date.now() / 1000)
    return ttl > 0 ? { ...item, ttl } : undefined
  }
}

function readNumbered(text: string, number: number): DumpLine {
  try {
    return readLine(text)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError(`line ${number} of standard input cannot be loaded: ${error.message}`, { cause: error })
  }
}
