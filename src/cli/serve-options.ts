import type { Account } from '../server/login.ts'
import type { MemcachedServerOptions } from '../server/server-options.ts'
import { readAuthFile } from './auth-file.ts'
import { readOptionFile } from './option-file.ts'
import { UsageError } from './usage-error.ts'

const DEFAULT_PORT = 11_211
/** Limit of Node's timers, in seconds. */
export const MAX_IDLE_SECONDS: number = Math.floor(0x7fff_ffff / 1000)
const MEGABYTE = 1024 * 1024

/** ServeValues of the options of `memlane serve`. */
export interface ServeValues {
  readonly host: string | undefined
  readonly port: number | undefined
  readonly socket: string | undefined
  readonly memory: number
  readonly maxItemSize: number
  readonly connLimit: number | undefined
  readonly idleTimeout: number | undefined
  readonly disableEvictions: boolean
  readonly disableCas: boolean
  readonly disableFlushAll: boolean
  readonly disableDumping: boolean
  readonly disableWatch: boolean
  readonly enableShutdown: boolean
  readonly authFile: string | undefined
  readonly user: string | undefined
  readonly password: string | undefined
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  readonly versionString: string | undefined
  readonly dialect: NonNullable<MemcachedServerOptions['dialect']>
  readonly prefixDelimiter: string | undefined
  readonly trackSizes: boolean
  readonly extended: string | undefined
}

/** Turns the options of `memlane serve` into those of the server; throws `UsageError`. */
export function readServeOptions(values: ServeValues): MemcachedServerOptions {
  return {
    ...readAddress(values),
    ...readLogin(values),
    ...readTls(values),
    ...readLimits(values),
    ...readSwitches(values),
    ...(values.versionString === undefined ? {} : { version: values.versionString }),
    dialect: values.dialect,
    ...(values.prefixDelimiter === undefined ? {} : { prefixDelimiter: values.prefixDelimiter }),
  }
}

function readLimits(values: ServeValues): MemcachedServerOptions {
  const { connLimit, memory, maxItemSize } = values
  const seconds = values.idleTimeout ?? readExtended(values).idleTimeout
  return {
    memoryBytes: memory * MEGABYTE,
    maxItemBytes: maxItemSize,
    ...(connLimit === undefined ? {} : { maxConnections: connLimit }),
    ...(seconds === undefined ? {} : { idleTimeoutMs: seconds * 1000 }),
  }
}

function readSwitches(values: ServeValues): MemcachedServerOptions {
  return {
    enableShutdown: values.enableShutdown,
    disableEvictions: values.disableEvictions,
    disableCas: values.disableCas,
    disableFlushAll: values.disableFlushAll,
    disableDumping: values.disableDumping,
    disableWatch: values.disableWatch,
    trackSizes: values.trackSizes || readExtended(values).trackSizes,
  }
}

/** Reads the settings of memcached's `-o` that exist here. */
function readExtended({ extended }: ServeValues): { readonly idleTimeout?: number; readonly trackSizes: boolean } {
  let [idleTimeout, trackSizes]: [number | undefined, boolean] = [undefined, false]
  for (const setting of extended?.split(',') ?? []) {
    const [, seconds] = /^idle_timeout=(\d+)$/.exec(setting) ?? []
    if (seconds !== undefined && Number(seconds) <= MAX_IDLE_SECONDS) idleTimeout = Number(seconds)
    else if (setting === 'track_sizes') trackSizes = true
    else {
      const known = `idle_timeout=<seconds>, up to ${MAX_IDLE_SECONDS}, and track_sizes`
      throw new UsageError(`--extended knows ${known}, got ${setting}`)
    }
  }
  return { trackSizes, ...(idleTimeout === undefined ? {} : { idleTimeout }) }
}

function readAddress({ socket, port, host }: ServeValues): MemcachedServerOptions {
  if (socket === undefined) return { port: port ?? DEFAULT_PORT, ...(host === undefined ? {} : { host }) }
  if (port !== undefined || host !== undefined) {
    throw new UsageError('--socket takes the place of --host and --port: leave them out')
  }
  return { path: socket }
}

function readLogin({ user: username, password, authFile }: ServeValues): { auth?: Account | readonly Account[] } {
  if ((username === undefined) !== (password === undefined)) {
    throw new UsageError('--user and --password must be given together')
  }
  const single = username === undefined || password === undefined ? [] : [{ username, password }]
  const accounts = [...(authFile === undefined ? [] : readAuthFile(authFile)), ...single]
  return accounts.length === 0 ? {} : { auth: accounts }
}

function readTls({ tlsCert: cert, tlsKey: key }: ServeValues): MemcachedServerOptions {
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('--tls-cert and --tls-key must be given together')
  }
  if (cert === undefined || key === undefined) return {}
  return { tls: { cert: readOptionFile('--tls-cert', cert), key: readOptionFile('--tls-key', key) } }
}
