import { type Command, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { readKey } from '../key-argument.ts'
import { reportKeys } from '../key-report.ts'
import { readTtl, TTL_ARGUMENT } from '../ttl-option.ts'

/** `memlane touch` */
export const touch: Command = defineCommand({
  name: 'touch',
  summary: 'Give keys another time to live',
  arguments: { ttl: TTL_ARGUMENT, key: { help: 'key of an item', repeat: true } },
  options: {},
  shared: 'client',
  examples: [{ line: 'memlane touch 1h session:7', help: 'lets the session live for another hour' }],
  exitCodes: { [EXIT.negative]: 'a key was not there' },
  async run(context, { args }) {
    const ttl = readTtl(args.ttl)
    const client = await context.clients.memcache()
    const done = await Promise.all(args.key.map((key) => client.touch(readKey(key), ttl, { signal: context.signal })))
    return reportKeys(context, args.key, done, 'touched')
  },
})
