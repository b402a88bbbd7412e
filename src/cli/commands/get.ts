import type { Key } from '../../protocol/key.ts'
import type { Context } from '../command.ts'
import { type Command, defineCommand } from '../command.ts'
import { decodeStored } from '../decode.ts'
import { EXIT } from '../exit-code.ts'
import { jsonKey, readKey, showKeyText } from '../key-argument.ts'
import { Stored } from '../stored.ts'
import { jsonValue, writeValue } from '../value-output.ts'

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
    for (const key of keys) {
      const stored = found.get(key)
      if (stored instanceof Stored) await write(context, key, stored)
      else if (!context.json) context.warn(`${showKeyText(key)}: not found`)
    }
    return found.size === new Set(keys).size ? EXIT.ok : EXIT.negative
  },
})

async function write(context: Context, key: Key, stored: Stored): Promise<void> {
  if (!context.json) return writeValue(context, stored)
  const decoded = await decodeStored(stored, context.serde)
  context.out.json({
    ...jsonKey(key),
    ...jsonValue(decoded),
    flags: stored.clientFlags,
    size: stored.data.length,
    format: decoded.format,
  })
}
