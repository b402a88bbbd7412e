import { type Command, defineCommand } from './command.ts'
import { EXIT } from './exit-code.ts'
import { readKey } from './key-argument.ts'
import type { Example } from './option-spec.ts'
import { escapeText } from './terminal/escape.ts'
import { TTL_OPTION, ttlSeconds } from './ttl-option.ts'
import { UsageError } from './usage-error.ts'

/** Differences between `incr` and `decr`. */
export interface CountCommand {
  readonly name: 'incr' | 'decr'
  readonly summary: string
  readonly examples: readonly Example[]
}

/** Makes a command that counts. */
export function countCommand(facts: CountCommand): Command {
  return defineCommand({
    ...facts,
    arguments: { key: { help: 'key of the counter' }, delta: { help: 'by how much (default: 1)', optional: true } },
    options: {
      initial: {
        type: 'text',
        placeholder: 'number',
        help: 'create the counter with this number where it is not there',
      },
      ...TTL_OPTION,
    },
    shared: 'client',
    exitCodes: { [EXIT.negative]: 'the counter was not there' },
    async run(context, { args, options }) {
      const { initial, ttl } = options
      if (ttl !== undefined && initial === undefined) throw new UsageError('--ttl is for a new counter: give --initial')
      const delta = readWhole('<delta>', args.delta ?? '1')
      const client = await context.clients.memcache()
      const value = await client[facts.name](readKey(args.key), delta, {
        signal: context.signal,
        ...(initial === undefined ? {} : { initial: readWhole('--initial', initial) }),
        ...(ttl === undefined ? {} : { ttl: ttlSeconds(ttl) }),
      })
      return report(context, args.key, value)
    },
  })
}

function report(
  { json, out, warn }: Parameters<Command['run']>[0],
  key: string,
  value: number | bigint | undefined,
): number {
  if (json) out.json({ key, value: value ?? null })
  else if (value === undefined) warn(`${escapeText(key)}: not found`)
  else out.line(String(value))
  return value === undefined ? EXIT.negative : EXIT.ok
}

function readWhole(shown: string, text: string): bigint {
  if (/^\d{1,20}$/.test(text)) return BigInt(text)
  throw new UsageError(`${shown} must be a whole number, 0 or more, got ${text}`)
}
