import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { MemcacheSync } from '../../src/sync/memcache-sync.ts'
import { useBuiltWorker } from '../unit/sync/built-worker.ts'
import { errorOf, untilItWorks } from './sync-calls.ts'
import { setUp } from './sync-recorded.ts'
import type { Mishap } from './sync-recorder.ts'

/** What the callers wrote themselves, and how much of the next write leaves. */
const own: { written: string[]; room: number } = vi.hoisted(() => ({ written: [], room: Number.POSITIVE_INFINITY }))

vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs')>()
  const writeSync = (fd: number, bytes: Uint8Array, start: number, length: number): number => {
    const left = Math.min(length, own.room)
    own.room = Number.POSITIVE_INFINITY
    own.written.push(Buffer.from(bytes).toString('latin1', start, start + left))
    return original.writeSync(fd, bytes, start, left)
  }
  return { ...original, writeSync }
})

beforeAll(useBuiltWorker)

/** So that the direct way is open. */
function warmUp(cache: MemcacheSync): void {
  const before = own.written.length
  for (let at = 0; at < 1000 && own.written.length === before; at++) untilItWorks(() => cache.set('warm', at))
  expect(own.written.length).toBeGreaterThan(before)
}

const REPLY_LOST: Mishap = { at: 'toClient', share: 0, next: 'refused' }

describe('a call that the caller wrote itself, and whose connection is lost before the reply', () => {
  it.each<[string, (cache: MemcacheSync) => unknown]>([
    ['get', (cache) => cache.get('k')],
    ['getMany', (cache) => cache.getMany(['k', 'l'])],
    ['set', (cache) => cache.set('k', 'new')],
    ['delete', (cache) => cache.delete('k')],
    ['incr', (cache) => cache.incr('count')],
    ['append', (cache) => cache.append('k', '!')],
    ['add', (cache) => cache.add('added', 1)],
  ])('may have been carried out, though no connection can be made again: %s', async (command, call) => {
    const { proxy, cache, direct } = await setUp()
    direct.setMany({ k: 'old', l: 'l', count: 1 })
    warmUp(cache)
    proxy.arm(REPLY_LOST)
    const before = own.written.length
    expect(errorOf(() => call(cache))).toMatchObject({
      code: expect.not.stringMatching('INPUT'),
      delivery: 'unknown',
      command,
    })
    expect([proxy.takeAnswers(), own.written.length - before]).toEqual([1, 1])
  })

  it('is repeated once, where a repetition does no harm, and not again', async () => {
    const { proxy, cache } = await setUp()
    warmUp(cache)
    proxy.arm({ at: 'toClient', share: 0, next: 'accepted' })
    expect(cache.set('k', 1)).toBe(true)
    expect(proxy.takeAnswers()).toBe(2)
    proxy.disarm()
    warmUp(cache)
    proxy.arm({ at: 'toClient', share: 0, next: 'again' })
    expect(errorOf(() => cache.set('k', 2))).toMatchObject({ code: 'MEMLANE_CONNECTION_CLOSED', delivery: 'unknown' })
    expect(proxy.takeAnswers()).toBe(2)
  })
})

describe('a call of which only a part could be written', () => {
  it('is begun again where that does no harm, and else fails as one that may have been carried out', async () => {
    const { proxy, cache, direct } = await setUp()
    direct.set('count', 1)
    warmUp(cache)
    own.room = 4
    expect(cache.set('k', 'v')).toBe(true)
    expect(direct.get('k')).toBe('v')
    warmUp(cache)
    own.room = 4
    expect(errorOf(() => cache.incr('count'))).toMatchObject({ delivery: 'unknown' })
    expect(direct.get('count')).toBe(1)
    warmUp(cache)
    proxy.arm({ at: { reply: '' }, share: 0, next: 'refused' })
    own.room = 4
    expect(errorOf(() => cache.set('k', 'v'))).toMatchObject({ delivery: 'unknown' })
  })
})
