import { Buffer } from 'node:buffer'
import type { Host } from './host.ts'
import type { NumberOption, OneOf, OptionValues } from './option-spec.ts'
import { Stored } from './stored.ts'
import { UsageError } from './usage-error.ts'

type Form = 'text' | 'json' | 'base64'

/** Options of commands that store a value. */
export const VALUE_OPTIONS: { readonly as: OneOf<Form>; readonly flags: NumberOption } = {
  as: {
    type: 'choice',
    choices: ['text', 'json', 'base64'],
    default: 'text',
    help: 'what the value is written in; json is stored as the serde stores such values',
  },
  flags: {
    type: 'integer',
    max: 0xffff_ffff,
    placeholder: 'number',
    help: 'client flags; the value is then stored as it is, whatever the serde',
  },
}

/** Description of `<value>` in the help. */
export const VALUE_HELP = 'the value; - or nothing reads standard input'

/** Reads the value of the command line or of standard input, for the client to store. */
export async function readValue(
  word: string | undefined,
  { as, flags }: OptionValues<typeof VALUE_OPTIONS>,
  host: Host,
): Promise<unknown> {
  const bytes = await readBytes(word, host)
  const value = convert(bytes, as, word !== undefined && word !== '-')
  if (flags === undefined) return value
  return new Stored(value instanceof Uint8Array ? value : Buffer.from(textOf(value)), flags)
}

/** Reads the bytes of the command line or of standard input. */
export async function readBytes(word: string | undefined, host: Host): Promise<Buffer> {
  return word === undefined || word === '-' ? readInput(host) : Buffer.from(word)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function convert(bytes: Buffer, as: Form, isWord: boolean): unknown {
  switch (as) {
    case 'text':
      // Bytes of a file or a pipe that are no text are stored as bytes.
      return isWord || bytes.equals(Buffer.from(bytes.toString('utf8'))) ? bytes.toString('utf8') : bytes
    case 'json':
      return parseJson(bytes.toString('utf8'))
    case 'base64':
      return Buffer.from(bytes.toString('latin1'), 'base64')
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UsageError('the value is not JSON, which --as json asks for', { cause })
  }
}

/** Reads the lines of standard input that are not empty. */
export async function readLines(host: Host): Promise<string[]> {
  const text = (await readInput(host)).toString('utf8')
  return text.split(/\r?\n/).filter((line) => line !== '')
}

async function readInput({ stdin, signal, hasTakenInput }: Host): Promise<Buffer> {
  if (hasTakenInput === true) throw new UsageError('standard input has commands here: write it on the line')
  const chunks: Buffer[] = []
  const stop = (): void => void stdin.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array))
  } finally {
    signal.removeEventListener('abort', stop)
    signal.throwIfAborted()
  }
  return Buffer.concat(chunks)
}
