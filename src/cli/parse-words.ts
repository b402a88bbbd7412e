import { parseArgs } from 'node:util'
import { nearestName } from '../nearest-name.ts'
import { kebabCase } from './option-name.ts'
import type { ArgumentSpec, ArgumentSpecs, OptionSpec, OptionSpecs } from './option-spec.ts'
import { readChoice, readOptionValue } from './option-value.ts'
import { UsageError } from './usage-error.ts'

/** Arguments and options that a command line may have. */
export interface Grammar {
  /** Ends errors: `memlane help get`. */
  readonly help: string
  readonly arguments: ArgumentSpecs
  readonly options: OptionSpecs
}

/** Words of a command line, read: by the names of the declarations. */
export interface ParsedWords {
  readonly args: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly options: Readonly<Record<string, boolean | string | number | readonly (string | number)[] | undefined>>
  /** Names of the options that were given. */
  readonly given: ReadonlySet<string>
  /** Whether `--help` or `-h` is among them: then nothing else was checked. */
  readonly help: boolean
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number]
type OptionToken = Extract<Token, { readonly kind: 'option' }>

const NONE: ParsedWords = { args: {}, options: {}, given: new Set(), help: true }

/** Reads the words after a command; throws `UsageError` with a hint. */
export function parseWords(words: readonly string[], grammar: Grammar): ParsedWords {
  const tokens = tokensOf(words, grammar.options)
  if (tokens.some((token) => token.kind === 'option' && /^--?h(?:elp)?$/.test(token.rawName))) return NONE
  const names = namesOf(grammar.options)
  const given = new Map<string, (boolean | string | number)[]>()
  for (const token of tokens) if (token.kind === 'option') addOption(given, token, grammar, names)
  return {
    options: Object.fromEntries(
      Object.entries(grammar.options).map(([name, spec]) => [name, finalValue(spec, given.get(name))]),
    ),
    args: readArguments(
      tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : [])),
      grammar,
    ),
    given: new Set(given.keys()),
    help: false,
  }
}

function tokensOf(words: readonly string[], options: OptionSpecs): readonly Token[] {
  const declared = Object.entries(options).map(([name, spec]) => {
    const type = spec.type === 'boolean' ? ('boolean' as const) : ('string' as const)
    return [kebabCase(name), spec.short === undefined ? { type } : { type, short: spec.short }] as const
  })
  const config = { args: [...words], options: Object.fromEntries(declared), strict: false, tokens: true } as const
  return parseArgs(config).tokens
}

/** Names of declared options, by what is written: `no-ttl` and its letter. */
function namesOf(options: OptionSpecs): ReadonlyMap<string, string> {
  const names = Object.keys(options).map((name) => [kebabCase(name), name] as const)
  const letters = Object.entries(options).map(([name, { short }]) => [short ?? kebabCase(name), name] as const)
  return new Map([...names, ...letters])
}

function addOption(
  given: Map<string, (boolean | string | number)[]>,
  token: OptionToken,
  grammar: Grammar,
  names: ReadonlyMap<string, string>,
): void {
  const name = names.get(token.name)
  if (name === undefined) throw unknownOption(token.rawName, grammar, names)
  const spec = grammar.options[name]!
  const values = given.get(name)
  const value = readToken(token, spec, grammar)
  if (values === undefined) given.set(name, [value])
  else if (spec.type === 'boolean' || 'repeat' in spec) values.push(value)
  else throw new UsageError(`${token.rawName} is given twice; it takes one value`)
}

function readToken(token: OptionToken, spec: OptionSpec, grammar: Grammar): boolean | string | number {
  const { rawName, value } = token
  if (spec.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value, got ${value}`)
    return true
  }
  // A word that begins with a hyphen is the next option, unless it is a negative number or `-` alone.
  if (value === undefined || (!token.inlineValue && /^-[^\d]/.test(value))) {
    throw new UsageError(`${rawName} needs a value; see ${grammar.help}`)
  }
  return readOptionValue(rawName, spec, value)
}

function unknownOption(written: string, grammar: Grammar, names: ReadonlyMap<string, string>): UsageError {
  const bare = written.replace(/^-+/, '')
  const nearest =
    bare.length > 1
      ? nearestName(
          bare,
          [...names.keys()].filter((name) => name.length > 1),
        )
      : undefined
  const hint = nearest === undefined ? '' : `; did you mean --${nearest}?`
  return new UsageError(`there is no option ${written}${hint || ';'} ${hint === '' ? 'see' : 'See'} ${grammar.help}`)
}

function finalValue(
  spec: OptionSpec,
  values: readonly (boolean | string | number)[] | undefined,
): boolean | string | number | readonly (string | number)[] | undefined {
  if (spec.type === 'boolean') return values !== undefined
  if ('repeat' in spec) return (values ?? (spec.default === undefined ? [] : [spec.default])) as string[]
  return values?.[0] ?? spec.default
}

function readArguments(words: readonly string[], { arguments: specs, help }: Grammar): ParsedWords['args'] {
  const args: Record<string, string | readonly string[] | undefined> = {}
  let at = 0
  for (const [name, spec] of Object.entries(specs)) {
    const taken = spec.repeat === true ? words.slice(at) : words.slice(at, at + 1)
    if (taken.length === 0 && spec.optional !== true)
      throw new UsageError(`<${kebabCase(name)}> is missing; see ${help}`)
    at += taken.length
    const values = taken.map((word) => readArgument(name, spec, word))
    args[name] = spec.repeat === true ? values : values[0]
  }
  const extra = words[at]
  if (extra !== undefined) throw new UsageError(`there is one argument too many: ${extra}; see ${help}`)
  return args
}

function readArgument(name: string, { choices }: ArgumentSpec, word: string): string {
  return choices === undefined ? word : readChoice(`<${kebabCase(name)}>`, choices, word)
}
