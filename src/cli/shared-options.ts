import { DISTRIBUTION_NAMES, type DistributionName } from './distribution-names.ts'
import type { OptionSpec, OptionSpecs, SharedOptions } from './option-spec.ts'
import { SERDE_NAMES, type SerdeName } from './serde-names.ts'

/** Values of the options of every command that writes data. */
export interface OutputOptionValues {
  readonly json: boolean
  readonly noColor: boolean
}

/** Values of the options of every command that has a client. */
export interface ClientOptionValues extends OutputOptionValues {
  readonly server: readonly string[]
  readonly distribution: DistributionName | undefined
  readonly keyPrefix: string | undefined
  readonly serde: SerdeName
  readonly protocol: 'auto' | 'meta' | 'text'
  readonly auth: string | undefined
  readonly authFile: string | undefined
  readonly tls: boolean
  readonly tlsCa: string | undefined
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  readonly tlsServername: string | undefined
  /** In milliseconds. */
  readonly timeout: number
}

/** Options of every command that writes data. */
export const OUTPUT_OPTIONS: Readonly<Record<keyof OutputOptionValues, OptionSpec>> = {
  json: { type: 'boolean', group: 'Output', help: 'write JSON; one object a line for several' },
  noColor: { type: 'boolean', group: 'Output', help: 'write without colors; so does the variable NO_COLOR' },
}

/** Options of every command that has a client. */
export const CLIENT_OPTIONS: Readonly<Record<keyof ClientOptionValues, OptionSpec>> = {
  server: {
    type: 'server',
    short: 's',
    repeat: true,
    placeholder: 'address',
    group: 'Connection',
    help: 'a server; repeat for several (default: MEMCACHED_SERVERS, then localhost:11211)',
  },
  distribution: {
    type: 'choice',
    choices: DISTRIBUTION_NAMES,
    placeholder: 'name',
    group: 'Connection',
    help: 'which keys are on which server (default: ketama)',
  },
  keyPrefix: { type: 'text', placeholder: 'text', group: 'Connection', help: 'put in front of every key' },
  serde: {
    type: 'choice',
    choices: SERDE_NAMES,
    default: 'auto',
    placeholder: 'name',
    group: 'Connection',
    help: 'how values are stored; auto reads them by flags and first bytes',
  },
  protocol: {
    type: 'choice',
    choices: ['auto', 'meta', 'text'],
    default: 'auto',
    placeholder: 'name',
    group: 'Connection',
    help: 'which protocol to speak',
  },
  auth: {
    type: 'text',
    placeholder: 'user',
    group: 'Connection',
    help: 'log in; the password is asked for. Default: the variable MEMCACHED_AUTH, user:password',
  },
  authFile: { type: 'file', group: 'Connection', help: 'log in with the first line user:password of a file' },
  tls: { type: 'boolean', group: 'Connection', help: 'speak TLS' },
  tlsCa: { type: 'file', group: 'Connection', help: 'trust these authorities, in PEM' },
  tlsCert: { type: 'file', group: 'Connection', help: 'present this certificate, in PEM' },
  tlsKey: { type: 'file', group: 'Connection', help: 'private key of --tls-cert, in PEM' },
  tlsServername: {
    type: 'text',
    placeholder: 'name',
    group: 'Connection',
    help: 'name that the certificate of the server must have',
  },
  timeout: {
    type: 'duration',
    default: 5000,
    min: 1,
    max: 86_400_000,
    group: 'Connection',
    help: 'longest time for a command, connecting included',
  },
  ...OUTPUT_OPTIONS,
}

/** Returns the options that a command takes besides its own. */
export function sharedOptions(shared: SharedOptions): OptionSpecs {
  switch (shared) {
    case 'client':
      return CLIENT_OPTIONS
    case 'output':
      return OUTPUT_OPTIONS
    case 'none':
      return {}
  }
}
