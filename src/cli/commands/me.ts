import { type Command, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { readKey } from '../key-argument.ts'
import { escapeText } from '../terminal/escape.ts'

/** `memlane me` */
export const me: Command = defineCommand({
  name: 'me',
  summary: 'Print what a server knows of an item',
  description: [
    'Time to live, time since the last access, cas number, slab class, size of the whole item: a line each.',
  ],
  arguments: { key: { help: 'key of the item' } },
  options: {},
  shared: 'client',
  examples: [{ line: 'memlane me user:1', help: 'a line for each fact' }],
  exitCodes: { [EXIT.negative]: 'the key was not there' },
  async run({ clients, json, out, signal, warn }, { args }) {
    const client = await clients.meta()
    const result = await client.debug(readKey(args.key), { signal })
    if (result.status === 'miss') {
      if (!json) warn(`${escapeText(args.key)}: not found`)
      return EXIT.negative
    }
    const { status: _status, ...facts } = result
    if (json) out.json(facts)
    else for (const [name, value] of Object.entries(facts)) out.line(`${name} ${escapeText(String(value))}`)
    return EXIT.ok
  },
})
