import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { Gate } from '../support/gate.ts'
import { patient } from '../support/memcache-options.ts'
import { askRaw } from '../support/raw-connection.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

/** Bytes over a buffer that can change its length. */
function resizable(length: number): { bytes: Uint8Array; resize: (length: number) => void } {
  const Resizable = ArrayBuffer as unknown as new (
    length: number,
    options: { maxByteLength: number },
  ) => ArrayBuffer & { resize(length: number): void }
  const buffer = new Resizable(length, { maxByteLength: length * 2 })
  return { bytes: new Uint8Array(buffer).fill(65), resize: (to) => buffer.resize(to) }
}

const changes: [string, (length: number) => { bytes: Uint8Array; change: () => void }][] = [
  [
    'given to another thread',
    (length) => {
      const bytes = new Uint8Array(length).fill(65)
      const change = (): void => {
        structuredClone(bytes, { transfer: [bytes.buffer] })
      }
      return { bytes, change }
    },
  ],
  [
    'cut short',
    (length) => {
      const { bytes, resize } = resizable(length)
      return { bytes, change: () => resize(5) }
    },
  ],
  [
    'made longer',
    (length) => {
      const { bytes, resize } = resizable(length)
      return { bytes, change: () => resize(length + 7) }
    },
  ],
]

describe.each(changes)('bytes that were %s during the call', (_name, make) => {
  it.each([30, 100_000])('(%i of them) fail their own call and disturb nothing else', async (length) => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, patient)
    await cache.connect()
    const { bytes, change } = make(length)
    const mine = cache.set('mine', bytes)
    change()
    const others = [cache.set('secret', 'the password of somebody else'), cache.get('other'), cache.set('third', 3)]
    const error = (await rejection(mine)) as InvalidInputError
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error.delivery).toBe('not-sent')
    expect(await Promise.all(others)).toEqual([true, undefined, true])
    expect(await askRaw(server.endpoint, 'get mine secret\r\n', 'END\r\n')).toBe(
      'VALUE secret 0 29\r\nthe password of somebody else\r\nEND\r\n',
    )
  })

  it('fail their own quiet call and their own pair of a batch', async () => {
    const crashes = collectCrashes()
    await using server = await startMemcached()
    const cache = faultClient(server.address, patient)
    await cache.connect()
    const [quiet, one] = [make(5000), make(50)]
    const calls = [
      rejection(cache.noreply.set('quiet', quiet.bytes)),
      rejection(cache.setMany([['one', one.bytes] as const, ['two', 2] as const])),
    ]
    quiet.change()
    one.change()
    const [first, second] = await Promise.all(calls)
    expect(first).toBeInstanceOf(InvalidInputError)
    expect([...(second as unknown as { failed: Map<string, unknown> }).failed.keys()]).toEqual(['one'])
    expect(await cache.getMany(['quiet', 'one', 'two'])).toEqual(new Map([['two', 2]]))
    await turns()
    expect(crashes).toEqual([])
  })
})

describe('bytes over a buffer that is cut short', () => {
  it('while they are compressed on the thread pool fail their own call, and the process goes on', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, { ...patient, compression: { minBytes: 100, asyncBytes: 1000 } })
    await cache.connect()
    for (let round = 0; round < 10; round++) {
      const { bytes, resize } = resizable(200_000)
      const set = rejection(cache.set('mine', bytes))
      resize(0)
      expect(await set).toBeInstanceOf(InvalidInputError)
    }
    expect(await cache.set('other', 'a'.repeat(5000))).toBe(true)
  })

  it('while a slow reader takes them in arrive as they were', async () => {
    const length = 8 * 1_048_576
    let isWhole = false
    const asked = new Gate()
    const resized = new Gate()
    await using server = await ScriptedServer.startReady(async (peer) => {
      const line = await peer.line()
      peer.pause()
      asked.open()
      await resized.opened
      peer.resume()
      isWhole = (await peer.bytes(length + 2)).subarray(0, length).equals(Buffer.alloc(length, 65))
      peer.reply(`HD ${line.split(' ').find((word) => word.startsWith('O'))}\r\n`)
    })
    const cache = faultClient(server.address, { ...patient, timeoutMs: 60_000, maxItemBytes: length })
    const { bytes, resize } = resizable(length)
    const set = cache.set('mine', bytes)
    await asked.opened
    resize(0)
    resized.open()
    expect(await set).toBe(true)
    expect(isWhole).toBe(true)
  })
})
