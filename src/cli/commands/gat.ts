import { type Command, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { readKey } from '../key-argument.ts'
import { Stored } from '../stored.ts'
import { readTtl, TTL_ARGUMENT } from '../ttl-option.ts'
import { writeHits } from '../value-list.ts'

/** `memlane gat` */
export const gat: Command = defineCommand({
  name: 'gat',
  summary: 'Print values and give them another time to live',
  arguments: { ttl: TTL_ARGUMENT, key: { help: 'key of an item', repeat: true } },
  options: {},
  shared: 'client',
  examples: [{ line: 'memlane gat 1h session:7', help: 'the session, which then lives for another hour' }],
  exitCodes: { [EXIT.negative]: 'a key was not there' },
  async run(context, { args }) {
    const ttl = readTtl(args.ttl)
    const client = await context.clients.memcache()
    const keys = args.key.map(readKey)
    const values = await Promise.all(keys.map((key) => client.gat(key, ttl, { signal: context.signal })))
    const found = new Map(keys.map((key, at) => [key, values[at]]))
    return writeHits(context, keys, (key) => {
      const stored = found.get(key)
      return stored instanceof Stored ? { stored } : undefined
    })
  },
})
