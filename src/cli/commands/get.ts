import type { Key } from '../../protocol/key.ts'
import { type Command, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { readKey } from '../key-argument.ts'
import { Stored } from '../stored.ts'
import { writeHits } from '../value-list.ts'

/** `memlane get` */
export const get: Command = defineCommand({
  name: 'get',
  summary: 'Print values',
  description: [
    'Text is printed as it is, other values as JSON. With --serde raw the bytes are printed as they are stored. A key that is bytes is written base64:YQBi.',
  ],
  arguments: { key: { help: 'key of an item', repeat: true } },
  options: {},
  shared: 'client',
  examples: [
    { line: 'memlane get user:1', help: 'the value of one key' },
    { line: 'memlane get user:1 user:2 --json', help: 'a line of JSON for each hit: key, value, flags, format' },
    { line: 'memlane get logo --serde raw > logo.png', help: 'the bytes as they are stored' },
  ],
  exitCodes: { [EXIT.negative]: 'a key was not there' },
  async run(context, { args }) {
    const client = await context.clients.memcache()
    const keys = args.key.map(readKey)
    const found = (await client.getMany(keys, { signal: context.signal })) as ReadonlyMap<Key, unknown>
    return writeHits(context, keys, (key) => {
      const stored = found.get(key)
      return stored instanceof Stored ? { stored } : undefined
    })
  },
})
