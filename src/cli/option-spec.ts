/** Parts of every option that the help and the completion show. */
interface OptionFacts {
  /** Description, in one line without a full stop. */
  readonly help: string
  /** One letter, for `-x`. */
  readonly short?: string
  /** Name of the value in the help, without brackets. Default: the name of its type. */
  readonly placeholder?: string
  /** Heading that the help lists it under. Default: `Options`. */
  readonly group?: string
}

/** Option that is given or not. */
export interface BooleanOption extends OptionFacts {
  readonly type: 'boolean'
}

/**
 * Option whose value is text. `file` and `server` differ in what completion offers.
 */
export interface TextOption extends OptionFacts {
  readonly type: 'text' | 'file' | 'server'
  readonly default?: string
  /** Whether it may be given several times; its value is a list then. */
  readonly repeat?: true
}

/** Option with one of a few values. */
export interface ChoiceOption extends OptionFacts {
  readonly type: 'choice'
  readonly choices: readonly string[]
  readonly default?: string
  /** Whether it may be given several times; its value is a list then. */
  readonly repeat?: true
}

/**
 * Option whose value is a number.
 *
 * - `integer`: digits
 * - `count`: digits, with `k`, `m` or `g` for thousands, millions, thousand millions: `20k`
 * - `number`: with a fraction
 * - `bytes`: bytes, with `k`, `m` or `g` for 1024, 1024², 1024³: `512k`
 * - `duration`: seconds, or with a unit `500ms`, `10s`, `5m`, `2h`, `1d`. The value is in milliseconds.
 */
export interface NumberOption extends OptionFacts {
  readonly type: 'integer' | 'count' | 'number' | 'bytes' | 'duration'
  /** In the unit of the value: milliseconds for a duration. */
  readonly default?: number
  /** Least value. Default: 0. */
  readonly min?: number
  /** Greatest value. Default: the greatest safe integer. */
  readonly max?: number
}

/** Option with one of these values, for declarations that several commands share. */
export interface OneOf<C extends string> extends ChoiceOption {
  readonly choices: readonly C[]
  readonly default: C
}

/** Declaration of an option. */
export type OptionSpec = BooleanOption | TextOption | ChoiceOption | NumberOption

/** Options by name in camel case: `noTtl` is `--no-ttl`. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>

/** Declaration of an argument: a word that is no option. */
export interface ArgumentSpec {
  /** Description, in one line without a full stop. */
  readonly help: string
  /** Whether it may be left out. */
  readonly optional?: true
  /** Whether it takes all words that follow; its value is a list then. Only for the last one. */
  readonly repeat?: true
  /** The only values that it may have. */
  readonly choices?: readonly string[]
  /** Words that completion offers. */
  readonly complete?: 'file' | 'server' | 'command'
}

/** Arguments by name in camel case, in their order. */
export type ArgumentSpecs = Readonly<Record<string, ArgumentSpec>>

/** Example in the help. */
export interface Example {
  /** The whole line: `memlane get user:1`. */
  readonly line: string
  /** Description, in one line without a full stop. */
  readonly help: string
}

/**
 * Options of all commands that a command takes besides its own.
 *
 * - `client`: servers, login, TLS, distribution, serde and so on, and those of `output`
 * - `output`: `--json` and `--no-color`
 * - `none`: only `--help`
 */
export type SharedOptions = 'client' | 'output' | 'none'

type TypeOf<O extends OptionSpec> = O['type'] extends 'boolean'
  ? boolean
  : O['type'] extends NumberOption['type']
    ? number
    : O extends { readonly choices: readonly (infer C)[] }
      ? C
      : string

type OptionValue<O extends OptionSpec> = O extends { readonly repeat: true }
  ? readonly TypeOf<O>[]
  : O extends { readonly type: 'boolean' } | { readonly default: string | number }
    ? TypeOf<O>
    : TypeOf<O> | undefined

type ArgumentValue<A extends ArgumentSpec> = A extends { readonly repeat: true }
  ? readonly string[]
  : A extends { readonly optional: true }
    ? string | undefined
    : string

/** Values of declared options: a boolean, a list where it repeats; undefined where it was not given and has no default. */
export type OptionValues<O extends OptionSpecs> = { readonly [K in keyof O]: OptionValue<O[K]> }

/** Values of declared arguments. */
export type ArgumentValues<A extends ArgumentSpecs> = { readonly [K in keyof A]: ArgumentValue<A[K]> }
