import { MemcachedServer } from '../server/memcached-server.ts'
import type { MemcachedServerOptions } from '../server/server-options.ts'
import { SERVE_HELP } from './help.ts'
import { explainListenError } from './listen-error.ts'
import { readServeOptions } from './serve-options.ts'
import { UsageError } from './usage-error.ts'

/** Runs `memlane serve`: resolves when the server has ended, by a signal or by a client's `shutdown`. */
export async function runServe(args: readonly string[]): Promise<void> {
  const options = readServeOptions(args)
  if (options === 'help') {
    process.stdout.write(SERVE_HELP)
    return
  }
  const server = await start(options)
  process.stdout.write(`memlane serves memcached on ${describe(server, options)}\n`)
  const end = (): void => void server.close()
  // A second signal ends the process at once, as it does by default.
  process.once('SIGINT', end).once('SIGTERM', end)
  await server.closed
  process.off('SIGINT', end).off('SIGTERM', end)
}

async function start(options: MemcachedServerOptions): Promise<MemcachedServer> {
  try {
    return await MemcachedServer.start({ ...options, onWarning: warn })
  } catch (error) {
    throw new UsageError(explainListenError(error, options), { cause: error })
  }
}

function warn(message: string): void {
  process.stderr.write(`memlane: ${message}\n`)
}

function describe(server: MemcachedServer, { tls, auth, memoryBytes = 0 }: MemcachedServerOptions): string {
  const extras = [...(tls === undefined ? [] : ['TLS']), ...(auth === undefined ? [] : ['login'])]
  const memory = `${memoryBytes / 1024 / 1024} MB`
  return `${server.address} (${[memory, ...extras].join(', ')})`
}
