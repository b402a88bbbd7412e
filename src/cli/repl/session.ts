import { nearestName } from '../../nearest-name.ts'
import { Clients } from '../clients.ts'
import type { Command, Context } from '../command.ts'
import { EXIT, explainError } from '../exit-code.ts'
import { showKeyText } from '../key-argument.ts'
import { findLogin } from '../login.ts'
import { type ParsedWords, parseWords } from '../parse-words.ts'
import { SERDE_NAMES, type SerdeName } from '../serde-names.ts'
import { readServers } from '../server-list.ts'
import { type ClientOptionValues, sharedOptions } from '../shared-options.ts'
import { PLAIN } from '../terminal/style.ts'
import { UsageError } from '../usage-error.ts'
import { completeLine } from './complete-line.ts'
import { LineHost } from './line-host.ts'
import { type RememberedLine, rememberLine } from './remembered-line.ts'
import { LineClients, SharedClients } from './session-clients.ts'

/** Keys that are offered by the completion. */
const MAX_KEYS = 500

/** Commands that a session cannot run, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  repl: 'repl is running already',
  load: 'load reads standard input, which has commands here: run memlane load',
}

/** Options that a line may have without a client of its own. */
const OF_THE_LINE: ReadonlySet<string> = new Set(['json', 'noColor', 'help'])

/** Options for another login than that of the session. */
const LOGIN_OPTIONS = ['auth', 'authFile'] as const

/** A line that was read: which command, and its words. */
interface ReadLine {
  readonly command: Command
  readonly parsed: ParsedWords
}

/** Commands that are typed one after the other: they share servers, settings and connections. */
export class Session {
  readonly #context: Context
  readonly #clients: SharedClients
  readonly #keys: Set<string> = new Set()
  #values: ClientOptionValues

  /** @param context - Its options are those of the session, which each line may override. */
  constructor(context: Context) {
    this.#context = context
    this.#clients = new SharedClients(context.clients)
    this.#values = context.clients.values
  }

  /** Value of `--json` for the lines that follow. */
  get json(): boolean {
    return this.#values.json
  }

  set json(json: boolean) {
    this.#values = { ...this.#values, json }
  }

  /** Value of `--serde` for the lines that follow. */
  get serde(): SerdeName {
    return this.#values.serde
  }

  set serde(serde: SerdeName) {
    this.#values = { ...this.#values, serde }
  }

  /** Words that may stand at the end of a line. */
  complete(line: string, dots: readonly string[]): Promise<[string[], string]> {
    return completeLine(line, { commands: this.#context.commands, dots, serdes: SERDE_NAMES, keys: this.#keys })
  }

  /** Carries out a line; what fails is explained. Gives the exit code, and what the history is to have. */
  async run(
    text: string,
    words: readonly string[],
  ): Promise<{ readonly exitCode: number; readonly remembered: RememberedLine }> {
    const host = new LineHost(this.#context.host)
    host.takeInterrupts(undefined)
    let read: ReadLine | undefined
    let exitCode: number
    try {
      read = await this.#read(words)
      exitCode = await this.#carryOut(read, host)
    } catch (error) {
      exitCode = this.#explain(error, host)
    }
    await Promise.all([this.#context.out.end(), this.#context.err.end()])
    this.#context.host.takeInterrupts(undefined)
    return { exitCode, remembered: rememberLine(text, words, read?.command, valueIn(read)) }
  }

  async #read([name = '', ...rest]: readonly string[]): Promise<ReadLine> {
    const { commands } = this.#context
    const entry = commands.find((command) => command.name === name || command.aliases?.includes(name) === true)
    if (entry === undefined)
      throw unknownCommand(
        name,
        commands.map((command) => command.name),
      )
    const refusal = REFUSED[entry.name]
    if (refusal !== undefined) throw new UsageError(refusal)
    const command = await entry.load()
    const grammar = {
      help: `help ${entry.name}`,
      arguments: command.arguments,
      options: { ...command.options, ...sharedOptions(command.shared) },
    }
    return { command, parsed: parseWords(rest, grammar) }
  }

  async #carryOut({ command, parsed }: ReadLine, host: LineHost): Promise<number> {
    if (parsed.help) {
      const { commandHelp } = await import('../help-text.ts')
      this.#context.out.write(commandHelp(command, { width: this.#context.out.columns, style: this.#context.style }))
      return EXIT.ok
    }
    this.#rememberKeys(parsed)
    const context = this.#contextOf(command, parsed, host)
    let hasFailed = true
    try {
      const exitCode = await command.run(context, { args: parsed.args, options: parsed.options } as never)
      hasFailed = context.signal.aborted
      return exitCode ?? EXIT.ok
    } finally {
      await context.clients.close(hasFailed)
    }
  }

  #contextOf(command: Command, { options, given }: ParsedWords, host: LineHost): Context {
    const shared = Object.keys(sharedOptions(command.shared))
    const overrides = shared.filter((name) => given.has(name))
    const values: ClientOptionValues = {
      ...this.#values,
      ...Object.fromEntries(overrides.map((name) => [name, options[name]])),
    }
    const isOwn =
      overrides.some((name) => !OF_THE_LINE.has(name)) || values.serde !== this.#context.clients.values.serde
    const json = values.json && command.shared !== 'none'
    const { style, signal, warn } = this.#context
    return {
      ...this.#context,
      host,
      json,
      style: json || values.noColor ? PLAIN : style,
      serde: values.serde,
      signal: AbortSignal.any([signal, host.signal]),
      clients: isOwn
        ? new Clients(readServers(values.server, host.env), values, () =>
            LOGIN_OPTIONS.some((name) => given.has(name))
              ? findLogin(values, host, warn)
              : this.#context.clients.login(),
          )
        : new LineClients(this.#clients, values),
    }
  }

  #explain(error: unknown, host: LineHost): number {
    if (host.signal.aborted || this.#context.signal.aborted) return EXIT.interrupted
    const explanation = explainError(error)
    const lines = explanation?.lines ?? [
      `this is a mistake of memlane: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    ]
    for (const line of lines) this.#context.warn(line)
    return explanation?.exitCode ?? EXIT.internal
  }

  #rememberKeys({ args: { key } }: ParsedWords): void {
    for (const one of typeof key === 'string' ? [key] : (key ?? [])) {
      // The one that was used last comes last.
      this.#keys.delete(one)
      if (showKeyText(one) === one && !/[\s'"\\]/.test(one)) this.#keys.add(one)
      const [oldest] = this.#keys
      if (this.#keys.size > MAX_KEYS) this.#keys.delete(oldest!)
    }
  }
}

function valueIn(read: ReadLine | undefined): string | undefined {
  const value = read?.parsed.args['value']
  return typeof value === 'string' ? value : undefined
}

function unknownCommand(name: string, names: readonly string[]): UsageError {
  const nearest = nearestName(name, names)
  return new UsageError(
    `there is no command ${name}${nearest === undefined ? '; help shows all' : `; did you mean ${nearest}?`}`,
  )
}
