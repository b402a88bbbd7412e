import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { askRaw } from '../support/raw-connection.ts'
import { startMemcached } from '../support/real-memcached.ts'

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
