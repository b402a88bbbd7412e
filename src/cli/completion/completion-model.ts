import type { Command } from '../command.ts'
import { kebabCase } from '../option-name.ts'
import type { OptionSpec, OptionSpecs, SharedOptions } from '../option-spec.ts'
import { sharedOptions } from '../shared-options.ts'

/** Option as a shell completes it. */
export interface CompletedOption {
  /** With hyphens: `--server`. */
  readonly long: string
  /** With its hyphen: `-s`. */
  readonly short: string | undefined
  readonly help: string
  /** Values that it takes; undefined: it has none. */
  readonly value: CompletedValue | undefined
}

/** Values that a shell offers: one of these words, a file, or nothing. */
export type CompletedValue = readonly string[] | 'file' | 'any'

/** Command as a shell completes it. */
export interface CompletedCommand {
  readonly names: readonly string[]
  readonly summary: string
  readonly shared: SharedOptions
  /** Its own options. */
  readonly options: readonly CompletedOption[]
  /** Values of its first argument, and of all others. */
  readonly argument: CompletedValue
}

/** All that completion scripts are made of. */
export interface CompletionModel {
  readonly commands: readonly CompletedCommand[]
  /** Options of all commands with `shared: 'client'`, and with `'output'`. */
  readonly shared: Readonly<Record<SharedOptions, readonly CompletedOption[]>>
}

/** A command and its other names. */
export interface NamedCommand {
  readonly command: Command
  readonly aliases: readonly string[]
}

/** Gathers what completion scripts are made of. */
export function completionModel(commands: readonly NamedCommand[]): CompletionModel {
  const names = commands.map(({ command }) => command.name)
  return {
    commands: commands.map((named) => completeCommand(named, names)),
    shared: {
      client: optionsOf(sharedOptions('client')),
      output: optionsOf(sharedOptions('output')),
      none: [],
    },
  }
}

function completeCommand({ command, aliases }: NamedCommand, names: readonly string[]): CompletedCommand {
  const [first] = Object.values(command.arguments)
  return {
    names: [command.name, ...aliases],
    summary: command.summary,
    shared: command.shared,
    options: optionsOf(command.options),
    argument:
      first?.choices ??
      (first?.complete === 'command' ? [...names, 'options'] : first?.complete === 'file' ? 'file' : 'any'),
  }
}

function optionsOf(specs: OptionSpecs): CompletedOption[] {
  return Object.entries(specs).map(([name, spec]) => ({
    long: `--${kebabCase(name)}`,
    short: spec.short === undefined ? undefined : `-${spec.short}`,
    help: spec.help,
    value: valueOfOption(spec),
  }))
}

function valueOfOption(spec: OptionSpec): CompletedValue | undefined {
  switch (spec.type) {
    case 'boolean':
      return undefined
    case 'choice':
      return spec.choices
    case 'file':
      return 'file'
    case 'text':
    case 'server':
    case 'integer':
    case 'count':
    case 'number':
    case 'bytes':
    case 'duration':
      return 'any'
  }
}

/** Returns a text between single quotes, for bash and zsh. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
