import { describe, expect, it, onTestFinished } from 'vitest'
import { diagnose } from '../../../src/cli/doctor/diagnosis.ts'
import { Examination } from '../../../src/cli/doctor/examination.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { startMemcached } from '../../support/real-memcached.ts'
import { runCommand } from '../../unit/cli/terminal-host.ts'
import { TARGETS } from './targets.ts'

/** The embedded server has no maintainer; a busy machine answers slowly. */
const BESIDES = new Set(['maintainer-off', 'slow-answers'])

function clientOf(server: { readonly address: string; readonly stop: () => Promise<unknown> }): Memcache {
  const client = new Memcache(server.address, { metrics: false })
  onTestFinished(async () => {
    client.destroy()
    await server.stop()
  })
  return client
}

describe.each(TARGETS)('on $name', ({ start }) => {
  it('the doctor finds the misses, and nothing else on a server that is well', async () => {
    const client = clientOf(await start())
    await client.getMany(Array.from({ length: 1000 }, (_, at) => `missing:${at}`))
    const { facts, failed } = await new Examination(client, new AbortController().signal).run(100, () => undefined)
    expect(failed).toEqual([])
    const rules = diagnose(facts).map(({ rule }) => rule)
    expect(rules.filter((rule) => !BESIDES.has(rule))).toEqual(['hit-ratio'])
  })
})

describe.each(['1.6.38', '1.6.45'] as const)('on a memcached %s that is ill', (version) => {
  it('the doctor finds evictions with the default memory, stores that are too large, and threads', async () => {
    const server = await startMemcached({ version, args: ['-m', '64', '-t', '9'] })
    const client = clientOf(server)
    const value = Buffer.alloc(200_000)
    const fill = async (name: string): Promise<void> => {
      for (let at = 0; at < 600; at++) await client.set(`${name}:${at}`, value)
    }
    await fill('before')
    let filling: Promise<unknown> | undefined
    const onProgress = (): void => {
      filling ??= Promise.all([fill('meanwhile'), client.set('large', Buffer.alloc(2_000_000)).catch(() => false)])
    }
    const examined = new Examination(client, new AbortController().signal).run(2000, onProgress)
    const { facts } = await examined
    await filling
    const rules = diagnose(facts).map(({ rule }) => rule)
    const wanted = ['evicting', 'evicted-unread', 'young-evictions', 'default-memory', 'too-large', 'threads']
    expect(rules).toEqual(expect.arrayContaining(wanted))
    const { exitCode, output } = await runCommand(['doctor', '--for', '100ms', '-s', server.address])
    expect(exitCode).toBeGreaterThan(0)
    expect(output).toMatch(/^ {2}warning {2}default-memory {4}it evicts with the 64 MB/m)
  })
})
