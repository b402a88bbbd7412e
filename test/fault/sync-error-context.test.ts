import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { BatchError, type MemcacheError } from '../../src/errors.ts'
import { MemcacheSync } from '../../src/sync/memcache-sync.ts'
import { freePort } from '../support/free-port.ts'
import { useBuiltWorker } from '../unit/sync/built-worker.ts'
import { errorOf } from './sync-calls.ts'

beforeAll(useBuiltWorker)

describe('an error of a synchronous client', () => {
  it('names its command and key as that of the asynchronous client does', async () => {
    const cache = new MemcacheSync(`127.0.0.1:${await freePort()}`, { timeoutMs: 10_000 })
    onTestFinished(() => cache.destroy())
    const calls: [string, string, () => unknown][] = [
      ['get', 'a', () => cache.get('a')],
      ['set', 'b', () => cache.set('b', 'secret')],
      ['incr', 'c', () => cache.incr('c')],
      ['append', 'é', () => cache.append('é', '!')],
      ['getOrSet', 'd', () => cache.getOrSet('d', () => 1)],
      ['touch', 'e', () => cache.touch('e', -1)],
    ]
    for (const [command, key, call] of calls) expect(errorOf(call)).toMatchObject({ command, key })
    const batch = errorOf(() => cache.getMany(['a', 'k'.repeat(50)])) as BatchError
    expect(batch).toBeInstanceOf(BatchError)
    expect([batch.command, batch.key]).toEqual(['getMany', undefined])
    const failures = [...batch.failed.values()] as MemcacheError[]
    expect(failures.map(({ command, key }) => [command, key])).toEqual([
      ['get', 'a'],
      ['get', `${'k'.repeat(40)}…`],
    ])
  })
})
