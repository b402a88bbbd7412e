import { type Command, defineCommand } from './command.ts'
import { readKey } from './key-argument.ts'
import type { Example } from './option-spec.ts'
import { reportStored } from './store-output.ts'
import { readBytes, VALUE_HELP } from './value-argument.ts'

/** Differences between `append` and `prepend`. */
export interface ExtendCommand {
  readonly name: 'append' | 'prepend'
  readonly summary: string
  readonly examples: readonly Example[]
}

/** Makes a command that extends the value of a key. */
export function extendCommand(facts: ExtendCommand): Command {
  return defineCommand({
    ...facts,
    description: ['The bytes are added as they are, whatever the serde. Time to live and client flags stay.'],
    arguments: { key: { help: 'key of the item' }, value: { help: VALUE_HELP, optional: true } },
    options: {},
    shared: 'client',
    async run(context, { args }) {
      const data = await readBytes(args.value, context.host)
      const client = await context.clients.memcache()
      const isStored = await client[facts.name](readKey(args.key), data, { signal: context.signal })
      return reportStored(context, args.key, isStored)
    },
  })
}
