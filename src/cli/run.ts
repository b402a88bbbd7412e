import { nearestName } from '../nearest-name.ts'
import { Clients } from './clients.ts'
import type { Command, CommandEntry, Context } from './command.ts'
import { EXIT, explainError } from './exit-code.ts'
import type { Host } from './host.ts'
import { findLogin } from './login.ts'
import { kebabCase } from './option-name.ts'
import { Output } from './output.ts'
import { packageVersion } from './package-version.ts'
import { type ParsedWords, parseWords } from './parse-words.ts'
import { readServers } from './server-list.ts'
import { CLIENT_OPTIONS, type ClientOptionValues, sharedOptions } from './shared-options.ts'
import { escapeText } from './terminal/escape.ts'
import { COLORED, hasColors, PLAIN, type Style } from './terminal/style.ts'
import { UsageError } from './usage-error.ts'

/** Reason of the signal when the reader of standard output has left. */
const READER_LEFT = new Error('the reader of standard output has left')

/**
 * Runs a command line.
 *
 * @param argv - Words after `memlane`.
 * @param commands - The commands that there are.
 * @returns the exit code.
 */
export async function runProgram(
  argv: readonly string[],
  host: Host,
  commands: readonly CommandEntry[],
): Promise<number> {
  const run = new Run(host, commands)
  const exitCode = await run.run(argv).catch((error: unknown) => run.fail(error))
  await run.end()
  return exitCode
}

/** One run of the program. */
class Run {
  readonly #host: Host
  readonly #commands: readonly CommandEntry[]
  readonly #readerLeft: AbortController = new AbortController()
  readonly #signal: AbortSignal
  readonly #out: Output
  readonly #err: Output

  constructor(host: Host, commands: readonly CommandEntry[]) {
    this.#host = host
    this.#commands = commands
    this.#signal = AbortSignal.any([host.signal, this.#readerLeft.signal])
    this.#out = new Output(host.stdout, () => this.#readerLeft.abort(READER_LEFT))
    this.#err = new Output(host.stderr, () => undefined)
  }

  async run(argv: readonly string[]): Promise<number> {
    const { leading, name, rest } = splitWords(argv)
    if (name === undefined) return this.#runNoCommand(leading)
    const command = await this.#find(name).load()
    if (leading.length > 0 && command.shared !== 'client') {
      throw new UsageError(`${leading[0]!} stands before ${name}, which has no such option; see memlane help ${name}`)
    }
    const words = parseWords([...leading, ...rest], {
      help: `memlane help ${name}`,
      arguments: command.arguments,
      options: { ...command.options, ...sharedOptions(command.shared) },
    })
    return words.help ? this.#showHelp(command) : this.#carryOut(command, words)
  }

  /** Explains what was thrown; gives the exit code. */
  fail(error: unknown): number {
    if (this.#readerLeft.signal.aborted && error === READER_LEFT) return EXIT.ok
    if (this.#host.signal.aborted && error === this.#host.signal.reason) return EXIT.interrupted
    const explanation = explainError(error)
    if (explanation === undefined) {
      this.#warn(
        `this is a mistake of memlane: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      )
      return EXIT.internal
    }
    for (const line of explanation.lines) this.#warn(line)
    return explanation.exitCode
  }

  /** Resolves when all that was written has left. */
  async end(): Promise<void> {
    await Promise.all([this.#out.end(), this.#err.end()])
  }

  #find(name: string): CommandEntry {
    const entry = this.#commands.find((command) => command.name === name || command.aliases?.includes(name) === true)
    if (entry !== undefined) return entry
    const nearest = nearestName(
      name,
      this.#commands.map((command) => command.name),
    )
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
    throw new UsageError(`there is no command ${name}${hint === '' ? ';' : hint} See memlane --help`)
  }

  async #runNoCommand(leading: readonly string[]): Promise<number> {
    const [option] = leading
    if (option === '--version' || option === '-v') {
      this.#out.line(packageVersion())
      return EXIT.ok
    }
    if (option === '--help' || option === '-h') return this.run(['help'])
    const repl = this.#commands.find(({ name }) => name === 'repl')
    if (repl !== undefined && this.#host.stdin.isTTY === true) return this.run(['repl', ...leading])
    throw new UsageError('a command is missing; see memlane --help')
  }

  async #showHelp(command: Command): Promise<number> {
    const { commandHelp } = await import('./help-text.ts')
    this.#out.write(commandHelp(command, { width: this.#out.columns, style: this.#styleOf(this.#host.stdout, false) }))
    return EXIT.ok
  }

  async #carryOut(command: Command, words: ParsedWords): Promise<number> {
    const context = this.#makeContext(command, words)
    let hasFailed = true
    try {
      const exitCode = await command.run(context, { args: words.args, options: words.options } as never)
      hasFailed = this.#signal.aborted
      return exitCode ?? EXIT.ok
    } finally {
      await context.clients.close(hasFailed)
    }
  }

  #makeContext(command: Command, { options }: ParsedWords): Context {
    const values = (command.shared === 'client' ? options : CLIENT_DEFAULTS) as unknown as ClientOptionValues
    const json = options['json'] === true && command.shared !== 'none'
    const isPlain = json || (options['noColor'] === true && command.shared !== 'none')
    const warn = (message: string): void => this.#warn(message)
    return {
      host: this.#host,
      out: this.#out,
      err: this.#err,
      style: this.#styleOf(this.#host.stdout, isPlain),
      errStyle: this.#styleOf(this.#host.stderr, options['noColor'] === true),
      json,
      serde: values.serde,
      signal: this.#signal,
      clients: new Clients(readServers(values.server, this.#host.env), values, () =>
        findLogin(values, this.#host, warn),
      ),
      commands: this.#commands,
      warn,
    }
  }

  #styleOf(stream: Host['stdout'], isPlain: boolean): Style {
    return !isPlain && hasColors(stream, this.#host.env) ? COLORED : PLAIN
  }

  #warn(message: string): void {
    // Servers and keys are part of messages.
    this.#err.line(`memlane: ${escapeText(message, '\n')}`)
  }
}

const CLIENT_DEFAULTS = parseWords([], { help: '', arguments: {}, options: CLIENT_OPTIONS }).options

/** Command line in three parts. */
interface SplitWords {
  /** Options before the command. */
  readonly leading: readonly string[]
  readonly name: string | undefined
  readonly rest: readonly string[]
}

/** Options of all commands that have a value, as they are written. */
const WITH_VALUE: ReadonlySet<string> = new Set(
  Object.entries(CLIENT_OPTIONS).flatMap(([name, spec]) => {
    if (spec.type === 'boolean') return []
    return 'short' in spec ? [`--${kebabCase(name)}`, `-${spec.short}`] : [`--${kebabCase(name)}`]
  }),
)

/** Finds the command among the words: options of all commands may stand before it. */
function splitWords(argv: readonly string[]): SplitWords {
  let at = 0
  while (at < argv.length && argv[at]!.startsWith('-')) at += WITH_VALUE.has(argv[at]!) ? 2 : 1
  return { leading: argv.slice(0, at), name: argv[at], rest: argv.slice(at + 1) }
}
