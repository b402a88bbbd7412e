import { type Command, defineCommand } from '../command.ts'
import { readKey } from '../key-argument.ts'
import { escapeText } from '../terminal/escape.ts'
import { readLines } from '../value-argument.ts'

/** `memlane where` */
export const where: Command = defineCommand({
  name: 'where',
  summary: 'Print which server has a key',
  description: ['Asks no server: the list of servers and --distribution decide.'],
  arguments: { key: { help: 'key of an item; without any, lines of standard input', optional: true, repeat: true } },
  options: {},
  shared: 'client',
  examples: [
    { line: 'memlane where user:1 -s a:11211 -s b:11211', help: 'the server of one key' },
    { line: 'memlane where --distribution pymemcache -s a,b < keys.txt', help: 'for pymemcache, a line for each key' },
  ],
  async run({ clients, host, json, out }, { args }) {
    const client = await clients.memcache()
    const keys = args.key.length > 0 ? args.key : await readLines(host)
    for (const key of keys) {
      const { name: server, index } = client.serverFor(readKey(key))!
      if (json) out.json({ key, server, index })
      else out.line(`${escapeText(key)}\t${server}`)
    }
  },
})
