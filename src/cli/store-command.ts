import type { Memcache } from '../client/memcache.ts'
import { type Command, defineCommand } from './command.ts'
import { readKey } from './key-argument.ts'
import type { Example } from './option-spec.ts'
import { reportStored } from './store-output.ts'
import { TTL_OPTION, ttlSeconds } from './ttl-option.ts'
import { readValue, VALUE_HELP, VALUE_OPTIONS } from './value-argument.ts'

/** Differences between `set`, `add` and `replace`. */
export interface StoreCommand {
  readonly name: 'set' | 'add' | 'replace'
  readonly summary: string
  readonly description?: readonly string[]
  readonly examples: readonly Example[]
}

/** Makes a command that stores a value under a key. */
export function storeCommand(facts: StoreCommand): Command {
  return defineCommand({
    ...facts,
    arguments: { key: { help: 'key of the item' }, value: { help: VALUE_HELP, optional: true } },
    options: { ...TTL_OPTION, ...VALUE_OPTIONS },
    shared: 'client',
    async run(context, { args, options }) {
      const value = await readValue(args.value, options, context.host)
      const client: Memcache = await context.clients.memcache()
      const call = { signal: context.signal, ...(options.ttl === undefined ? {} : { ttl: ttlSeconds(options.ttl) }) }
      return reportStored(context, args.key, await client[facts.name](readKey(args.key), value, call))
    },
  })
}
