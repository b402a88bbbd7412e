import { parseArgs } from 'node:util'
import type { Account } from '../server/login.ts'
import type { MemcachedServerOptions } from '../server/server-options.ts'
import { readAuthFile } from './auth-file.ts'
import { readOptionFile } from './option-file.ts'
import { UsageError } from './usage-error.ts'

const DEFAULT_PORT = 11_211
/** Limit of Node's timers. */
const MAX_IDLE_SECONDS = Math.floor(0x7fff_ffff / 1000)
const KILOBYTE = 1024
const MEGABYTE = KILOBYTE * KILOBYTE

/** Options of the command. Letters are memcached's, if it has the option. */
const declarations = {
  host: { type: 'string', short: 'l' },
  port: { type: 'string', short: 'p' },
  socket: { type: 'string', short: 's' },
  memory: { type: 'string', short: 'm' },
  'max-item-size': { type: 'string', short: 'I' },
  'conn-limit': { type: 'string', short: 'c' },
  'idle-timeout': { type: 'string' },
  'disable-evictions': { type: 'boolean', short: 'M' },
  'disable-cas': { type: 'boolean', short: 'C' },
  'disable-flush-all': { type: 'boolean', short: 'F' },
  'disable-dumping': { type: 'boolean', short: 'X' },
  'disable-watch': { type: 'boolean', short: 'W' },
  'prefix-delimiter': { type: 'string', short: 'D' },
  'track-sizes': { type: 'boolean' },
  extended: { type: 'string', short: 'o' },
  'version-string': { type: 'string' },
  dialect: { type: 'string' },
  'auth-file': { type: 'string', short: 'Y' },
  user: { type: 'string' },
  password: { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'enable-shutdown': { type: 'boolean', short: 'A' },
  help: { type: 'boolean', short: 'h' },
} as const

type Values = ReturnType<typeof parseArgs<{ readonly options: typeof declarations }>>['values']

/** Reads the words after `memlane serve`; throws `UsageError`. */
export function readServeOptions(args: readonly string[]): MemcachedServerOptions | 'help' {
  const values = parseWords(args)
  if (values.help === true) return 'help'
  return {
    ...readAddress(values),
    ...readLogin(values),
    ...readTls(values),
    ...readLimits(values),
    ...readSwitches(values),
    ...(values['version-string'] === undefined ? {} : { version: values['version-string'] }),
    ...readDialect(values),
    ...(values['prefix-delimiter'] === undefined ? {} : { prefixDelimiter: values['prefix-delimiter'] }),
  }
}

function readDialect({ dialect }: Values): Pick<MemcachedServerOptions, 'dialect'> {
  if (dialect === undefined) return {}
  if (dialect === 'memcached' || dialect === 'elasticache-serverless') return { dialect }
  throw new UsageError(`--dialect must be memcached or elasticache-serverless, got ${dialect}`)
}

function readLimits(values: Values): MemcachedServerOptions {
  const connections = values['conn-limit']
  const seconds = values['idle-timeout'] ?? readExtended(values).idleTimeout
  return {
    memoryBytes: wholeNumber('--memory', values.memory ?? '64', 1) * MEGABYTE,
    maxItemBytes: readSize('--max-item-size', values['max-item-size'] ?? '1m'),
    ...(connections === undefined ? {} : { maxConnections: wholeNumber('--conn-limit', connections, 1) }),
    ...(seconds === undefined
      ? {}
      : { idleTimeoutMs: wholeNumber('--idle-timeout', seconds, 0, MAX_IDLE_SECONDS) * 1000 }),
  }
}

function readSwitches(values: Values): MemcachedServerOptions {
  return {
    enableShutdown: values['enable-shutdown'] ?? false,
    disableEvictions: values['disable-evictions'] ?? false,
    disableCas: values['disable-cas'] ?? false,
    disableFlushAll: values['disable-flush-all'] ?? false,
    disableDumping: values['disable-dumping'] ?? false,
    disableWatch: values['disable-watch'] ?? false,
    trackSizes: values['track-sizes'] ?? readExtended(values).trackSizes,
  }
}

/** Reads the settings of memcached's `-o` that exist here. */
function readExtended({ extended }: Values): { readonly idleTimeout?: string; readonly trackSizes: boolean } {
  let [idleTimeout, trackSizes]: [string | undefined, boolean] = [undefined, false]
  for (const setting of extended?.split(',') ?? []) {
    const [, seconds] = /^idle_timeout=(.*)$/.exec(setting) ?? []
    if (seconds !== undefined) idleTimeout = seconds
    else if (setting === 'track_sizes') trackSizes = true
    else throw new UsageError(`--extended knows idle_timeout=<seconds> and track_sizes, got ${setting}`)
  }
  return { trackSizes, ...(idleTimeout === undefined ? {} : { idleTimeout }) }
}

function parseWords(args: readonly string[]): Values {
  try {
    return parseArgs({ args: [...args], options: declarations }).values
  } catch (error) {
    // Node's message continues about positional arguments after its first sentence.
    const [sentence = ''] = (error as Error).message.split('. ')
    throw new UsageError(`${sentence}; see memlane serve --help`, { cause: error })
  }
}

function readAddress(values: Values): MemcachedServerOptions {
  if (values.socket === undefined) {
    const port = values.port === undefined ? DEFAULT_PORT : wholeNumber('--port', values.port, 0)
    return { port, ...(values.host === undefined ? {} : { host: values.host }) }
  }
  if (values.port !== undefined || values.host !== undefined) {
    throw new UsageError('--socket takes the place of --host and --port: leave them out')
  }
  return { path: values.socket }
}

function readLogin(values: Values): { auth?: Account | readonly Account[] } {
  const { user: username, password } = values
  if ((username === undefined) !== (password === undefined)) {
    throw new UsageError('--user and --password must be given together')
  }
  const single = username === undefined || password === undefined ? [] : [{ username, password }]
  const file = values['auth-file']
  const accounts = [...(file === undefined ? [] : readAuthFile(file)), ...single]
  return accounts.length === 0 ? {} : { auth: accounts }
}

function readTls(values: Values): MemcachedServerOptions {
  const { 'tls-cert': cert, 'tls-key': key } = values
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('--tls-cert and --tls-key must be given together')
  }
  if (cert === undefined || key === undefined) return {}
  return { tls: { cert: readOptionFile('--tls-cert', cert), key: readOptionFile('--tls-key', key) } }
}

function wholeNumber(option: string, text: string, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  const range = most === Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`
  throw new UsageError(`${option} must be a whole number${range}, got ${text}`)
}

/** Reads a size: bytes, or kibibytes or mebibytes with `k` or `m` at the end, as in memcached's `-I`. */
function readSize(option: string, text: string): number {
  const match = /^(\d+)([km]?)$/i.exec(text)
  if (match === null) throw new UsageError(`${option} must be a size such as 4096, 512k or 8m, got ${text}`)
  const unit = match[2]!.toLowerCase()
  return Number(match[1]) * (unit === 'm' ? MEGABYTE : unit === 'k' ? KILOBYTE : 1)
}
