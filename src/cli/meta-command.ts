import { Buffer } from 'node:buffer'
import type { MetaReply } from '../client/meta/results.ts'
import { type Command, type Context, defineCommand } from './command.ts'
import { EXIT } from './exit-code.ts'
import { readKey } from './key-argument.ts'
import { explainReply } from './meta-words.ts'
import type { Example } from './option-spec.ts'
import { Stored } from './stored.ts'
import { escapeText } from './terminal/escape.ts'
import { jsonBytes, writeValue } from './value-output.ts'

/** Differences between `mg`, `md` and `ma`. */
export interface MetaCommand {
  readonly name: 'mg' | 'md' | 'ma'
  readonly summary: string
  readonly description: readonly string[]
  readonly examples: readonly Example[]
}

const FLAGS_HELP = 'flags of the meta protocol, a letter with its token each: v t N30'

/** Description of flags in the help of every meta command. */
export const FLAGS_NOTE =
  'The reply is printed as the server sends it. The flags k, q and O belong to the connection and are refused; a key that needs base64 gets the flag b by itself.'

/** Makes a command that sends a line of the meta protocol. */
export function metaCommand({ description, ...facts }: MetaCommand): Command {
  return defineCommand({
    ...facts,
    description: [...description, FLAGS_NOTE],
    arguments: { key: { help: 'key of the item' }, flag: { help: FLAGS_HELP, optional: true, repeat: true } },
    options: {},
    shared: 'client',
    exitCodes: { [EXIT.negative]: 'EN, NF, NS or EX' },
    async run(context, { args }) {
      const client = await context.clients.meta()
      const execution = { command: facts.name, key: readKey(args.key), flags: args.flag }
      return writeReply(context, args.key, await client.execute(execution, { signal: context.signal }))
    },
  })
}

/** Writes a reply of the meta protocol; gives the exit code. */
export async function writeReply(context: Context, key: string, reply: MetaReply): Promise<number> {
  const { status, flags, value } = reply
  const { out, json, style } = context
  if (json) out.json({ key, status, flags, ...(value === undefined ? {} : jsonBytes(Buffer.from(value))) })
  else {
    const size = value === undefined ? [] : [String(value.byteLength)]
    const line = [status, ...size, ...flags].map((word) => escapeText(word)).join(' ')
    out.line(out.isTerminal ? `${line}  ${style('dim', explainReply(status, flags))}` : line)
    if (value !== undefined) await writeValue(context, new Stored(value, flagsIn(flags)))
  }
  return status === 'VA' || status === 'HD' ? EXIT.ok : EXIT.negative
}

/** Client flags that the reply names; without them the value is shown by its first bytes. */
function flagsIn(flags: readonly string[]): number {
  return Number(flags.find((flag) => flag.startsWith('f'))?.slice(1) ?? 0)
}
