import { type Command, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { readKey } from '../key-argument.ts'
import { FLAGS_NOTE, writeReply } from '../meta-command.ts'
import { readBytes } from '../value-argument.ts'

/** `memlane ms` */
export const ms: Command = defineCommand({
  name: 'ms',
  summary: 'Send a meta set',
  description: [
    'T30 seconds to live, F32 client flags, MA append, MP prepend, ME add, MR replace, C1942 only with this cas number, I stores as stale where the number is older, c returns the cas number.',
    FLAGS_NOTE,
  ],
  arguments: {
    key: { help: 'key of the item' },
    value: { help: 'the bytes; - reads standard input' },
    flag: { help: 'flags of the meta protocol, a letter with its token each: T30 F32 c', optional: true, repeat: true },
  },
  options: {},
  shared: 'client',
  examples: [
    { line: 'memlane ms greeting hello T300 c', help: 'stores for 5 minutes, prints the cas number' },
    { line: 'memlane ms logo - F64 < logo.png', help: 'stores the bytes of a file' },
  ],
  exitCodes: { [EXIT.negative]: 'EN, NF, NS or EX' },
  async run(context, { args }) {
    const value = await readBytes(args.value, context.host)
    const client = await context.clients.meta()
    const execution = { command: 'ms', key: readKey(args.key), flags: args.flag, value } as const
    return writeReply(context, args.key, await client.execute(execution, { signal: context.signal }))
  },
})
