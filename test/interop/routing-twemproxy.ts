import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inject } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { nutcrackerBinary } from '../support/memcached-binaries.ts'
import { onFreePort } from '../support/real-memcached.ts'
import { ServerProcess } from '../support/server-process.ts'
import type { ForeignServer } from './routing-client.ts'
import type { RoutingServer } from './routing-servers.ts'

/** Settings of a pool, as its configuration has them. */
export type PoolSettings = Readonly<Record<string, string>>

/** A twemproxy of our own in front of servers; it ends when it is disposed of. */
export interface Twemproxy extends AsyncDisposable {
  readonly version: string
  /** Where it listens. */
  readonly foreign: ForeignServer & { readonly port: number }
}

let sequence = 0

/** Starts a twemproxy with one pool. */
export function startTwemproxy(settings: PoolSettings, servers: readonly RoutingServer[]): Promise<Twemproxy> {
  return onFreePort(async (port) => {
    const file = join(inject('temporaryFolder'), `routing-${process.pid}-${sequence++}.yml`)
    writeFileSync(file, configuration(port, settings, servers))
    const stats = ['--stats-addr=127.0.0.1', `--stats-port=${await freePort()}`]
    const args = [`--conf-file=${file}`, `--output=${file}.log`, `--pid-file=${file}.pid`, ...stats]
    const twemproxy = new ServerProcess(nutcrackerBinary(), args, { port })
    await twemproxy.start().catch(async (error: unknown) => {
      await twemproxy.stop()
      throw error
    })
    return {
      version: await installedVersion(),
      foreign: { host: '127.0.0.1', port, weight: 1 },
      [Symbol.asyncDispose]: () => twemproxy.stop(),
    }
  })
}

/** It tells on stderr: `This is nutcracker-0.5.0`. */
async function installedVersion(): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(nutcrackerBinary(), ['--version'])
  return /nutcracker-(\S+)/.exec(stdout + stderr)![1]!
}

function configuration(port: number, settings: PoolSettings, servers: readonly RoutingServer[]): string {
  return [
    'pool:',
    `  listen: 127.0.0.1:${port}`,
    ...Object.entries(settings).map(([name, value]) => `  ${name}: ${value}`),
    '  servers:',
    ...servers.map((server) => `    - ${serverLine(server)}`),
    '',
  ].join('\n')
}

function serverLine({ address, foreign }: RoutingServer): string {
  const at = foreign.path ?? `${foreign.host}:${foreign.port}`
  return `${at}:${foreign.weight}${address.name === undefined ? '' : ` ${address.name}`}`
}
