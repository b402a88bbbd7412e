import { readFileSync, writeFileSync } from 'node:fs'
import { runCommand } from '../../unit/cli/terminal-host.ts'

/** Writes what the commands say into the files instead of comparing, to be looked at: `MEMLANE_WRITE_GOLDEN=1`. */
const WRITES = process.env['MEMLANE_WRITE_GOLDEN'] !== undefined

/** Stands for what differs from run to run. */
export type Mask = (text: string) => string

/**
 * Returns a transcript: what its commands say on this server, in the form of the file. A command is a line `$ memlane …`, with
 * `<<< text` for standard input. Lines of standard error begin with `! `, an exit code other than 0 is the line `[1]`.
 */
export async function replay(
  path: URL,
  server: string,
  mask: Mask,
): Promise<{ readonly said: string; readonly golden: string }> {
  const golden = readFileSync(path, 'utf8')
  const parts: string[] = []
  for (const line of golden.split('\n')) {
    if (line.startsWith('$ ')) parts.push(line, ...(await runLine(line.slice(2), server, mask)))
    // Elsewhere an empty line is one that a command wrote.
    else if (line.startsWith('#')) parts.push(...(parts.length > 0 ? [''] : []), line)
  }
  const said = `${parts.join('\n')}\n`
  if (WRITES) writeFileSync(path, said)
  return { said, golden }
}

async function runLine(line: string, server: string, mask: Mask): Promise<string[]> {
  const [command = '', input] = line.split(' <<< ')
  const [, ...argv] = wordsOf(command)
  const env = { MEMCACHED_SERVERS: server }
  const { exitCode, output, errors } = await runCommand(argv, {
    env,
    ...(input === undefined ? {} : { input: wordsOf(input)[0]! }),
  })
  const show = (text: string, mark: string): string[] =>
    text === ''
      ? []
      : mask(text)
          .replace(/\n$/, '')
          .split('\n')
          .map((one) => mark + one)
  return [...show(output, ''), ...show(errors, '! '), ...(exitCode === 0 ? [] : [`[${exitCode}]`])]
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare!)
}
