import type { Key } from '../../protocol/key.ts'
import { type Command, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { readKey } from '../key-argument.ts'
import { Stored } from '../stored.ts'
import { writeHits } from '../value-list.ts'

/** `memlane gets` */
export const gets: Command = defineCommand({
  name: 'gets',
  summary: 'Print values with their cas numbers',
  description: ['A line has the cas number, a tab and the value.'],
  arguments: { key: { help: 'key of an item', repeat: true } },
  options: {},
  shared: 'client',
  examples: [
    { line: 'memlane gets user:1', help: 'the cas number for memlane cas' },
    { line: 'memlane gets user:1 --json', help: 'with the member cas, as text' },
  ],
  exitCodes: { [EXIT.negative]: 'a key was not there' },
  async run(context, { args }) {
    const client = await context.clients.memcache()
    const keys = args.key.map(readKey)
    const call = { signal: context.signal }
    const found = new Map<Key, { readonly value: unknown; readonly cas: bigint }>(await client.getsMany(keys, call))
    return writeHits(
      context,
      keys,
      (key) => {
        const { value: stored, cas } = found.get(key) ?? {}
        return stored instanceof Stored ? { stored, cas } : undefined
      },
      true,
    )
  },
})
