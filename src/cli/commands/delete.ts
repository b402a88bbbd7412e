import { type Command, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { readKey } from '../key-argument.ts'
import { reportKeys } from '../key-report.ts'

/** `memlane delete` */
export const del: Command = defineCommand({
  name: 'delete',
  summary: 'Delete keys',
  arguments: { key: { help: 'key of an item', repeat: true } },
  options: {},
  shared: 'client',
  examples: [{ line: 'memlane delete user:1 user:2', help: 'deletes two items' }],
  exitCodes: { [EXIT.negative]: 'a key was not there' },
  async run(context, { args }) {
    const client = await context.clients.memcache()
    const call = { returnEach: true, signal: context.signal } as const
    return reportKeys(context, args.key, await client.deleteMany(args.key.map(readKey), call), 'deleted')
  },
})
