import { createInterface } from 'node:readline'
import { type Command, type Context, defineCommand } from '../command.ts'
import { EXIT, explainError } from '../exit-code.ts'
import { plural } from '../format.ts'
import { packageVersion } from '../package-version.ts'
import { Repl } from '../repl/repl.ts'
import { escapeText } from '../terminal/escape.ts'

/** `memlane repl` */
export const repl: Command = defineCommand({
  name: 'repl',
  summary: 'Type commands one after the other',
  description: [
    'On a terminal, memlane without a command does the same. Every command of memlane can be typed, without the word memlane; servers, login and connections stay. Tab completes commands, options, keys that were typed before and flags of the meta protocol. A quote may go on over several lines. An error ends nothing; Ctrl-C ends a command, Ctrl-D the session.',
    'Lines are kept in $XDG_STATE_HOME/memlane/history (default: ~/.local/state), which only its owner can read: without values that were stored, and without lines that have credentials or begin with a blank.',
    'Where standard input is no terminal, its lines are run, and the exit code is the greatest one.',
  ],
  arguments: {},
  options: { noHistory: { type: 'boolean', help: 'read and write no history file' } },
  shared: 'client',
  examples: [
    { line: 'memlane repl -s 10.0.0.1', help: 'a prompt; memlane -s 10.0.0.1 does the same' },
    { line: 'memlane repl --serde php -s 10.0.0.1', help: 'values as PHP stores them' },
    { line: 'memlane repl < commands.txt', help: 'a command a line' },
  ],
  async run(context, { options }) {
    // The password is asked for before the first prompt.
    await context.clients.login()
    const isInteractive = context.host.stdin.isTTY === true && context.out.isTerminal
    const lines = new Repl(context, isInteractive && !options.noHistory)
    if (!isInteractive) return runScript(context, lines)
    await greet(context)
    await lines.talk()
    return EXIT.ok
  },
})

/** Runs lines of standard input; gives the greatest exit code. */
async function runScript({ host, signal }: Context, runner: Repl): Promise<number> {
  let exitCode: number = EXIT.ok
  const lines = createInterface({ input: host.stdin, crlfDelay: Number.POSITIVE_INFINITY, signal })
  for await (const line of lines) {
    const code = await runner.take(line)
    if (code === 'exit') return exitCode
    exitCode = Math.max(exitCode, code)
  }
  return Math.max(exitCode, await runner.end())
}

/** Shows which servers there are, and their versions; a server that does not answer is no reason to leave. */
async function greet({ clients, out, style, warn, signal }: Context): Promise<void> {
  const names = clients.servers.map((server) => escapeText(server))
  const shown = names.length > 3 ? plural(names.length, 'server') : names.join(', ')
  out.line(`${style('bold', `memlane ${packageVersion()}`)}  ${shown}`)
  const client = await clients.memcache()
  try {
    const versions = new Set((await client.version({ signal })).values())
    out.line(
      style('dim', `memcached ${[...versions].map((version) => escapeText(version)).join(', ')} · help, .help, .exit`),
    )
  } catch (error) {
    for (const line of explainError(error)?.lines ?? []) warn(line)
  }
  await out.end()
}
