import { describe, expect, it } from 'vitest'
import { MetaClient } from '../../../../src/client/meta/client.ts'
import { ConnectError, InvalidInputError } from '../../../../src/errors.ts'
import { rejection } from '../../../support/eventually.ts'
import { patient } from '../../../support/memcache-options.ts'
import { serveCommands } from '../../../support/scripted-cache.ts'
import { ScriptedServer } from '../../../support/scripted-server.ts'

type Call = (meta: MetaClient) => Promise<unknown>

/** The first version that knows what the call needs. */
const gated: readonly (readonly [since: string, before: string, what: string, call: Call])[] = [
  ['1.6.20', '1.6.19', 'vivify of append', (meta) => meta.append('k', 'v', { vivify: 60 })],
  ['1.6.20', '1.6.19', 'vivify of the mode prepend', (meta) => meta.set('k', 'v', { mode: 'prepend', vivify: 60 })],
  ['1.6.20', '1.6.19', 'returnSize of set', (meta) => meta.set('k', 'v', { returnSize: true })],
  ['1.6.27', '1.6.26', 'newCas of set', (meta) => meta.set('k', 'v', { newCas: 5n })],
  ['1.6.27', '1.6.26', 'newCas of get', (meta) => meta.get('k', { vivify: 5, newCas: 5n })],
  ['1.6.27', '1.6.26', 'newCas of incr', (meta) => meta.incr('k', 1, { newCas: 5n })],
  ['1.6.27', '1.6.26', 'newCas of invalidate', (meta) => meta.invalidate('k', { newCas: 5n })],
  ['1.6.27', '1.6.26', 'dropValue', (meta) => meta.invalidate('k', { ttl: 5, dropValue: true })],
  ['1.6.40', '1.6.39', 'unlessCas', (meta) => meta.get('k', { unlessCas: 5n })],
  [
    '1.6.20',
    '1.6.19',
    'N of ms',
    (meta) => meta.execute({ command: 'ms', key: 'k', value: 'v', flags: ['MA', 'N60'] }),
  ],
  ['1.6.20', '1.6.19', 's of ms', (meta) => meta.execute({ command: 'ms', key: 'k', value: 'v', flags: ['s'] })],
  ['1.6.27', '1.6.26', 'E of ms', (meta) => meta.execute({ command: 'ms', key: 'k', value: 'v', flags: ['E5'] })],
  ['1.6.27', '1.6.26', 'E of md', (meta) => meta.execute({ command: 'md', key: 'k', flags: ['I', 'E5'] })],
  ['1.6.27', '1.6.26', 'x of md', (meta) => meta.execute({ command: 'md', key: 'k', flags: ['I', 'x', 'T5'] })],
  ['1.6.27', '1.6.26', 'E of ma', (meta) => meta.execute({ command: 'ma', key: 'k', flags: ['E5'] })],
  ['1.6.40', '1.6.39', 'C of mg', (meta) => meta.execute({ command: 'mg', key: 'k', flags: ['v', 'C5'] })],
]

async function onServer(
  version: string,
  test: (meta: MetaClient, server: ScriptedServer) => Promise<void>,
): Promise<void> {
  await using server = await ScriptedServer.startReady((peer) => serveCommands(peer), { version })
  const meta = new MetaClient(server.address, patient)
  await test(meta, server)
  await meta.close()
}

describe('a flag that not every version knows', () => {
  it.each(gated)('from %s on, and not in %s: %s', async (since, before, _what, call) => {
    await onServer(since, async (meta) => {
      await call(meta)
    })
    await onServer(before, async (meta, server) => {
      const error = (await rejection(call(meta))) as InvalidInputError
      expect(error).toBeInstanceOf(InvalidInputError)
      expect(error.delivery).toBe('not-sent')
      expect(error.server).toBe(server.address)
      expect(error.message).toContain(`needs memcached ${since} or newer`)
      expect(error.message).toContain(`${server.address} is ${before}`)
      expect(server.receivedText).toBe('version\r\nmn\r\n')
    })
  })

  it('fails its own command of a pipeline, and no other', async () => {
    await onServer('1.6.18', async (meta) => {
      const [old, fresh, last] = await meta.pipeline().set('a', 1).set('b', 2, { newCas: 5n }).delete('c').run()
      expect(old.status).toBe('stored')
      expect(fresh).toMatchObject({ status: 'failed', error: { name: 'InvalidInputError', delivery: 'not-sent' } })
      expect(last.status).toBe('ok')
    })
  })
})

describe('a server without meta commands', () => {
  it.each(['auto', 'meta'] as const)('is refused with its version, protocol %s', async (protocol) => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer), {
      version: '1.6.9',
      mn: 'none',
    })
    const meta = new MetaClient(server.address, { ...patient, protocol })
    const error = (await rejection(meta.get('k'))) as ConnectError
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toMatch(/meta protocol.*1\.6\.9/s)
    expect(error.delivery).toBe('not-sent')
    meta.destroy()
  })
})
