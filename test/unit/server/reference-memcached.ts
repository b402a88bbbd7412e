import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { inject } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { freePort } from '../../support/free-port.ts'
import { forgetProcess, registerProcess } from '../../support/process-registry.ts'
import { RawConnection } from '../../support/raw-connection.ts'

const { MEMLANE_MEMCACHED_1_6_38 = '', MEMLANE_MEMCACHED_1_6_45 = '' } = process.env

/** The memcached that is installed, and newer ones where the environment names them. */
export const referencePrograms: readonly string[] = [
  'memcached',
  MEMLANE_MEMCACHED_1_6_38,
  MEMLANE_MEMCACHED_1_6_45,
].filter((program) => program !== '')

/** The version that a memcached program tells. */
export function versionOf(program: string): string {
  const [, version] = /memcached (\S+)/.exec(execFileSync(program, ['-V'], { encoding: 'latin1' })) ?? []
  if (version === undefined) throw new Error(`${program} -V does not tell its version`)
  return version
}

/** A real memcached, of whatever version, on loopback. */
export interface Reference {
  readonly port: number
  stop(): Promise<void>
}

/** Starts a memcached program. A missing program is an error: without it nothing is compared. */
export async function startReference(program: string, args: readonly string[] = []): Promise<Reference> {
  const port = await freePort()
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : []
  const child = spawn(program, ['-l', '127.0.0.1', '-p', String(port), '-U', '0', ...user, ...args], {
    stdio: 'ignore',
  })
  const exited = new Promise((resolve) => {
    child.once('exit', resolve)
  })
  await once(child, 'spawn').catch((error: Error) => {
    throw new Error(`cannot start ${program}, which these tests compare with: ${error.message}`)
  })
  const pid = child.pid!
  registerProcess(pid, join(inject('temporaryFolder'), 'pids'))
  child.once('exit', () => forgetProcess(pid))
  await eventually(async () => {
    const raw = await RawConnection.open({ port })
    await raw.ask('version\r\n').finally(() => raw.close())
  })
  return {
    port,
    async stop() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
