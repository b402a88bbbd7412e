import { type Command, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { readKey } from '../key-argument.ts'
import { escapeText } from '../terminal/escape.ts'
import { TTL_OPTION, ttlSeconds } from '../ttl-option.ts'
import { UsageError } from '../usage-error.ts'
import { readValue, VALUE_HELP, VALUE_OPTIONS } from '../value-argument.ts'

/** Why a value was not stored. */
const REASONS: Readonly<Record<string, string>> = {
  exists: 'not stored: the item has another cas number by now',
  notFound: 'not stored: the key is not there',
}

/** `memlane cas` */
export const cas: Command = defineCommand({
  name: 'cas',
  summary: 'Store a value if the item is unchanged',
  arguments: {
    key: { help: 'key of the item' },
    cas: { help: 'cas number of the item, as gets prints it' },
    value: { help: VALUE_HELP, optional: true },
  },
  options: { ...TTL_OPTION, ...VALUE_OPTIONS },
  shared: 'client',
  examples: [{ line: 'memlane cas greeting 1942 hello', help: 'stores hello if gets still prints 1942' }],
  async run(context, { args, options }) {
    const number = readCas(args.cas)
    const value = await readValue(args.value, options, context.host)
    const client = await context.clients.memcache()
    const call = { signal: context.signal, ...(options.ttl === undefined ? {} : { ttl: ttlSeconds(options.ttl) }) }
    const result = await client.cas(readKey(args.key), value, number, call)
    const isStored = result === 'stored'
    if (context.json) context.out.json({ key: args.key, stored: isStored, status: result })
    else context.err.line(isStored ? 'stored' : `${escapeText(args.key)}: ${REASONS[result] ?? 'not stored'}`)
    return isStored ? EXIT.ok : EXIT.negative
  },
})

function readCas(text: string): bigint {
  if (/^\d{1,20}$/.test(text)) return BigInt(text)
  throw new UsageError(`<cas> must be a whole number, as gets prints it, got ${text}`)
}
