import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { nutcrackerBinary } from './memcached-binaries.ts'
import type { Endpoint } from './raw-connection.ts'
import { onFreePort, type RealMemcached, startMemcached } from './real-memcached.ts'
import { ServerProcess } from './server-process.ts'

/** memcached's own proxy, of 1.6.45, or twemproxy. */
export type ProxyKind = 'builtin' | 'twemproxy'

/** A proxy process in front of memcached of our own. */
export interface CachingProxy {
  readonly address: string
  readonly endpoint: Endpoint
  readonly backends: readonly [RealMemcached, RealMemcached, ...RealMemcached[]]
  /** Ends the proxy and its backends. */
  readonly stop: () => Promise<void>
}

let sequence = 0

/** Starts backends, two or more, and a proxy that spreads the keys over them. */
export async function startCachingProxy(kind: ProxyKind, count = 2): Promise<CachingProxy> {
  // The built-in proxy sends `delete <key> noreplY` to its backends, which memcached before 1.6.40 refuses.
  const setup = kind === 'builtin' ? ({ version: '1.6.45' } as const) : {}
  const backends: [RealMemcached, RealMemcached, ...RealMemcached[]] = [
    await startMemcached(setup),
    await startMemcached(setup),
  ]
  while (backends.length < count) backends.push(await startMemcached(setup))
  const ports = backends.map((backend) => backend.port)
  const start = kind === 'builtin' ? startBuiltinProxy : startTwemproxy
  const proxy = await onFreePort((port) => start(port, ports))
  const stop = async (): Promise<void> => {
    await proxy.process.stop()
    for (const backend of backends) await backend.stop()
  }
  return { address: `127.0.0.1:${proxy.port}`, endpoint: { port: proxy.port }, backends, stop }
}

interface RunningProxy {
  readonly port: number
  readonly process: ServerProcess
}

/** The routes are the simplest that spread keys: one pool, every command straight to the backend of its key. */
async function startBuiltinProxy(port: number, backends: readonly number[]): Promise<RunningProxy> {
  const names = backends.map((backend) => `"127.0.0.1:${backend}"`).join(', ')
  const pools = `pools{ main = { backends = { ${names} } } }\n`
  const file = temporaryFile('lua', `${pools}routes{ default = route_direct{ child = "main" } }\n`)
  const args = ['-o', `proxy_config=routelib,proxy_arg=${file}`]
  const process = await startMemcached({ version: '1.6.45', args, port })
  return { port, process }
}

/**
 * `auto_eject_hosts: false`: a key stays on its backend, dead or not. md5, because twemproxy cuts 64-bit FNV to 32 bits,
 * which puts keys that differ in their last letters only on one backend.
 */
async function startTwemproxy(port: number, backends: readonly number[]): Promise<RunningProxy> {
  const file = temporaryFile(
    'yml',
    [
      'main:',
      `  listen: 127.0.0.1:${port}`,
      '  hash: md5',
      '  distribution: ketama',
      // A busy machine must not reach it.
      '  timeout: 30000',
      '  auto_eject_hosts: false',
      '  servers:',
      ...backends.map((backend, at) => `    - 127.0.0.1:${backend}:1 backend${at}`),
      '',
    ].join('\n'),
  )
  const statsPort = await onFreePort((free) => Promise.resolve(free))
  const stats = ['--stats-addr=127.0.0.1', `--stats-port=${statsPort}`]
  const args = [`--conf-file=${file}`, `--output=${file}.log`, `--pid-file=${file}.pid`, ...stats]
  const twemproxy = new ServerProcess(nutcrackerBinary(), args, { port })
  await twemproxy.start().catch(async (error: unknown) => {
    await twemproxy.stop()
    throw error
  })
  return { port, process: twemproxy }
}

function temporaryFile(extension: string, text: string): string {
  const file = join(inject('temporaryFolder'), `proxy-${process.pid}-${sequence++}.${extension}`)
  writeFileSync(file, text)
  return file
}
