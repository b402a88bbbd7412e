import { type Command, defineCommand } from '../command.ts'
import { readKey } from '../key-argument.ts'
import { reportStored } from '../store-output.ts'
import { TTL_OPTION, ttlSeconds } from '../ttl-option.ts'
import { readValue, VALUE_HELP, VALUE_OPTIONS } from '../value-argument.ts'

/** `memlane set` */
export const set: Command = defineCommand({
  name: 'set',
  summary: 'Store a value',
  arguments: { key: { help: 'key of the item' }, value: { help: VALUE_HELP, optional: true } },
  options: { ...TTL_OPTION, ...VALUE_OPTIONS },
  shared: 'client',
  examples: [
    { line: 'memlane set greeting hello --ttl 5m', help: 'text, for five minutes' },
    { line: `memlane set user:1 '{"name":"Ada"}' --as json`, help: 'an object, as applications with memlane store it' },
    { line: 'memlane set logo --flags 64 < logo.png', help: 'bytes of a file, with these client flags' },
  ],
  async run(context, { args, options }) {
    const value = await readValue(args.value, options, context.host)
    const client = await context.clients.memcache()
    const call = { signal: context.signal, ...(options.ttl === undefined ? {} : { ttl: ttlSeconds(options.ttl) }) }
    return reportStored(context, args.key, await client.set(readKey(args.key), value, call))
  },
})
