import { InvalidInputError } from '../../errors.ts'
import { MemcachedServer } from '../../server/memcached-server.ts'
import type { MemcachedServerOptions } from '../../server/server-options.ts'
import { type Command, defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { Failure } from '../failure.ts'
import { explainListenError } from '../listen-error.ts'
import type { OptionSpecs } from '../option-spec.ts'
import { MAX_IDLE_SECONDS, readServeOptions } from '../serve-options.ts'
import { UsageError } from '../usage-error.ts'

const MAX_PORT = 65_535
const MEGABYTE = 1024 * 1024

/** Options of `memlane serve`. Letters are memcached's, if it has the option. */
const OPTIONS = {
  host: {
    type: 'text',
    short: 'l',
    placeholder: 'address',
    group: 'Where to listen',
    help: 'name or address (default: 127.0.0.1)',
  },
  port: {
    type: 'integer',
    short: 'p',
    placeholder: 'number',
    max: MAX_PORT,
    group: 'Where to listen',
    help: 'TCP port, 0 for a free one (default: 11211)',
  },
  socket: { type: 'file', short: 's', placeholder: 'path', group: 'Where to listen', help: 'a unix socket instead' },
  memory: {
    type: 'integer',
    short: 'm',
    placeholder: 'megabytes',
    default: 64,
    min: 1,
    group: 'Limits',
    help: 'room for items; the least recently used are evicted',
  },
  maxItemSize: {
    type: 'bytes',
    short: 'I',
    placeholder: 'size',
    default: MEGABYTE,
    group: 'Limits',
    help: 'largest item, in bytes or as 512k or 8m; at most half of the memory',
  },
  connLimit: {
    type: 'integer',
    short: 'c',
    placeholder: 'number',
    min: 1,
    group: 'Limits',
    help: 'connections at a time; one more gets "ERROR Too many open connections" (default: 1024)',
  },
  idleTimeout: {
    type: 'integer',
    placeholder: 'seconds',
    max: MAX_IDLE_SECONDS,
    group: 'Limits',
    help: 'close connections without commands for so long, 0: never (default: 0)',
  },
  disableEvictions: {
    type: 'boolean',
    short: 'M',
    group: 'Limits',
    help: 'answer SERVER_ERROR when the memory is full, instead of evicting',
  },
  disableCas: {
    type: 'boolean',
    short: 'C',
    group: 'Commands',
    help: 'keep no cas numbers: all are 0, every cas answers EXISTS',
  },
  disableFlushAll: { type: 'boolean', short: 'F', group: 'Commands', help: 'refuse flush_all' },
  disableDumping: {
    type: 'boolean',
    short: 'X',
    group: 'Commands',
    help: 'refuse lru_crawler metadump and mgdump, stats cachedump and stats detail',
  },
  disableWatch: { type: 'boolean', short: 'W', group: 'Commands', help: 'refuse watch' },
  enableShutdown: {
    type: 'boolean',
    short: 'A',
    group: 'Commands',
    help: 'let clients end the server with the command shutdown',
  },
  authFile: {
    type: 'file',
    short: 'Y',
    placeholder: 'path',
    group: 'Login and TLS',
    help: 'ask for a login: a line user:password for every account',
  },
  user: {
    type: 'text',
    placeholder: 'name',
    group: 'Login and TLS',
    help: 'ask for a login: one account, together with --password',
  },
  password: {
    type: 'text',
    group: 'Login and TLS',
    help: 'visible to other users of this machine: prefer --auth-file',
  },
  tlsCert: {
    type: 'file',
    placeholder: 'path',
    group: 'Login and TLS',
    help: 'speak TLS: the certificate chain, in PEM',
  },
  tlsKey: { type: 'file', placeholder: 'path', group: 'Login and TLS', help: 'speak TLS: the private key, in PEM' },
  versionString: {
    type: 'text',
    group: 'Other',
    help: 'the memcached to be like (default: 1.6.45)',
  },
  dialect: {
    type: 'choice',
    choices: ['memcached', 'elasticache-serverless'],
    default: 'memcached',
    group: 'Other',
    help: 'refuse the commands that this service refuses',
  },
  prefixDelimiter: {
    type: 'text',
    short: 'D',
    placeholder: 'c',
    group: 'Other',
    help: 'count commands by the part of the key before this character, for stats detail',
  },
  trackSizes: { type: 'boolean', group: 'Other', help: 'answer stats sizes with the sizes of the items' },
  extended: {
    type: 'text',
    short: 'o',
    placeholder: 'list',
    group: 'Other',
    help: 'idle_timeout=<seconds> and track_sizes, as memcached has them',
  },
} as const satisfies OptionSpecs

/** `memlane serve` */
export const serve: Command = defineCommand({
  name: 'serve',
  summary: 'Run a memcached inside Node, for machines without one',
  description: [
    'Speaks the classic text protocol and the meta protocol; keeps items in memory only. For development and tests. SIGINT and SIGTERM end it. Where memcached has an option, the letter is the same.',
    'The binary protocol is not served, nor is UDP: a connection that begins in binary is closed, with a line on standard error. Set such clients to the text protocol ("ascii").',
  ],
  arguments: {},
  options: OPTIONS,
  shared: 'none',
  examples: [
    { line: 'memlane serve', help: 'on port 11211 of this machine' },
    { line: 'memlane serve -p 0 -m 256', help: 'on a free port, with 256 MB' },
    { line: 'memlane serve -s /run/cache.sock', help: 'on a unix socket' },
  ],
  exitCodes: { 1: 'not used', 3: 'the address cannot be listened on', 4: 'not used' },
  async run({ out, warn, signal }, { options: values }) {
    const options = readServeOptions(values)
    const server = await start(options, warn)
    out.line(`memlane serves memcached on ${describe(server, options)}`)
    const end = (): void => void server.close()
    signal.addEventListener('abort', end, { once: true })
    await server.closed
    signal.removeEventListener('abort', end)
    return EXIT.ok
  },
})

async function start(options: MemcachedServerOptions, warn: (message: string) => void): Promise<MemcachedServer> {
  try {
    return await MemcachedServer.start({ ...options, onWarning: warn })
  } catch (error) {
    const message = explainListenError(error, options)
    if (error instanceof InvalidInputError) throw new UsageError(message, { cause: error })
    throw new Failure(message, EXIT.connection, { cause: error })
  }
}

function describe(server: MemcachedServer, { tls, auth, memoryBytes = 0 }: MemcachedServerOptions): string {
  const extras = [...(tls === undefined ? [] : ['TLS']), ...(auth === undefined ? [] : ['login'])]
  const memory = `${memoryBytes / 1024 / 1024} MB`
  return `${server.address} (${[memory, ...extras].join(', ')})`
}
