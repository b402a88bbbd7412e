import type { Clients } from './clients.ts'
import type { Host } from './host.ts'
import type { ArgumentSpecs, ArgumentValues, Example, OptionSpecs, OptionValues, SharedOptions } from './option-spec.ts'
import type { Output } from './output.ts'
import type { SerdeName } from './serde-names.ts'
import type { Style } from './terminal/style.ts'

/** Streams, clients and settings of a command. */
export interface Context {
  readonly host: Host
  /** Data, and nothing else. */
  readonly out: Output
  /** Words: warnings, progress, summaries. */
  readonly err: Output
  /** Style of `out`: without colors with `--json`, `--no-color`, `NO_COLOR`, and where it is no terminal. */
  readonly style: Style
  /** Style of `err`. */
  readonly errStyle: Style
  /** Whether `--json` was given. */
  readonly json: boolean
  /** Value of `--serde`. */
  readonly serde: SerdeName
  /**
   * Aborts with Ctrl-C, and when the reader of `out` has left. Hand it to calls, or look at it in loops. A live command
   * returns when it aborts; what rejects with its reason ends quietly.
   */
  readonly signal: AbortSignal
  /** Makes clients, which are closed when the command has ended. Not for commands whose `shared` is not `client`. */
  readonly clients: Clients
  /** All commands, for the help and the completion. */
  readonly commands: readonly CommandEntry[]
  /** Writes a line `memlane: …` to `err`. */
  readonly warn: (message: string) => void
}

/** Arguments and options of a command. */
export interface Input<A extends ArgumentSpecs = ArgumentSpecs, O extends OptionSpecs = OptionSpecs> {
  readonly args: ArgumentValues<A>
  readonly options: OptionValues<O>
}

/** Declaration of a command: parsing, help, completion and the reference page are made of it. */
export interface CommandSpec<A extends ArgumentSpecs, O extends OptionSpecs> {
  readonly name: string
  /** Description, in one line that begins with a verb, without a full stop; the registry has the same. */
  readonly summary: string
  /** More about it: paragraphs. */
  readonly description?: readonly string[]
  readonly arguments: A
  readonly options: O
  readonly shared: SharedOptions
  readonly examples: readonly Example[]
  /** Meanings of the exit codes, where they differ from {@link EXIT_CODES} of `exit-code.ts`. */
  readonly exitCodes?: Readonly<Record<number, string>>
  /**
   * Carries the command out.
   *
   * @returns The exit code; undefined: 0. An error that it throws becomes a line on standard error and an exit code.
   */
  run(context: Context, input: Input<A, O>): Promise<number | undefined>
}

/** Command whose types of arguments and options are no longer known. */
export type Command = CommandSpec<ArgumentSpecs, OptionSpecs>

/** Makes a {@link Command} of its declaration; `run` gets values with the types that follow from the declaration. */
export function defineCommand<const A extends ArgumentSpecs, const O extends OptionSpecs>(
  spec: CommandSpec<A, O>,
): Command {
  return spec
}

/** Command before it is loaded: what the overview shows. */
export interface CommandEntry {
  readonly name: string
  readonly aliases?: readonly string[]
  /** Heading of the overview. */
  readonly group: 'Items' | 'Keys' | 'Servers' | 'Meta protocol' | 'Other'
  /** As in the command's own declaration. */
  readonly summary: string
  load(): Promise<Command>
}
