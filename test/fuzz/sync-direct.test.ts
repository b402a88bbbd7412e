import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { MemcacheError } from '../../src/errors.ts'
import { untilItWorks } from '../fault/sync-calls.ts'
import { fill, KEYS, open, startServers } from '../fault/sync-lab.ts'
import { startProxies } from '../fault/sync-proxies.ts'
import type { RealMemcached } from '../support/real-memcached.ts'
import { useBuiltWorker } from '../unit/sync/built-worker.ts'
import { createFuzz, playRounds, roundsOf, timeout } from './seed.ts'

/** What the callers wrote themselves. */
const written: string[] = vi.hoisted(() => [])

vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs')>()
  const writeSync = (fd: number, bytes: Uint8Array, start: number, length: number): number => {
    written.push(Buffer.from(bytes).toString('latin1', start, start + length))
    return original.writeSync(fd, bytes, start, length)
  }
  return { ...original, writeSync }
})

beforeAll(useBuiltWorker)
beforeEach(() => {
  written.length = 0
})

/** How many commands went the direct way. */
const directCommands = (): number => written.length

describe('what comes on the direct way', () => {
  it('ends in an error when it is cut, and in nothing worse', { timeout }, async () => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const [proxy] = await startProxies([server.address])
    const cache = open([proxy!.address], { timeoutMs: 1000 })
    fill(cache)
    await playRounds(40, ({ random }) => {
      proxy!.set('toClient', { cutAfterBytes: Math.floor(random() * 200) })
      for (const key of KEYS.slice(0, 5)) {
        try {
          expect(cache.get(key)).toBe(`${key}!`)
        } catch (error) {
          expect(error).toBeInstanceOf(MemcacheError)
        }
      }
      proxy!.set('toClient', { cutAfterBytes: Number.POSITIVE_INFINITY })
      expect(untilItWorks(() => cache.get('key:7'))).toBe('key:7!')
    })
  })

  it('counts once what was answered, and at most once what was not', { timeout }, async () => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const [proxy] = await startProxies([server.address])
    const cache = open([proxy!.address], { timeoutMs: 1000 })
    fill(cache)
    cache.set('count', 0)
    let counted = 0
    let unknown = 0
    await playRounds(40, ({ random, seed }) => {
      const direction = seed % 2 === 0 ? 'toClient' : 'toServer'
      proxy!.set(direction, { cutAfterBytes: Math.floor(random() * 60) })
      for (let at = 0; at < 5; at++) {
        try {
          const value = cache.incr('count')!
          counted++
          expect(value).toBeGreaterThanOrEqual(counted)
          expect(value).toBeLessThanOrEqual(counted + unknown)
        } catch (error) {
          expect(error).toBeInstanceOf(MemcacheError)
          if ((error as MemcacheError).delivery !== 'not-sent') unknown++
        }
      }
      proxy!.set(direction, { cutAfterBytes: Number.POSITIVE_INFINITY })
      untilItWorks(() => cache.get('count'))
    })
    const total = untilItWorks(() => cache.get<number>('count'))!
    expect(total).toBeGreaterThanOrEqual(counted)
    expect(total).toBeLessThanOrEqual(counted + unknown)
    expect(unknown).toBeGreaterThan(0)
    expect(directCommands()).toBeGreaterThan(100)
  })

  it('gives what a model gives, whatever way each of thousands of mixed commands takes', { timeout }, async () => {
    const servers = await startServers(3)
    const cache = open(
      servers.map(({ address }) => address),
      { timeoutMs: 10_000 },
    )
    const model = new Map<string, string | number>()
    const random = createFuzz()
    const pick = (): string => KEYS[Math.floor(random() * 20)]!
    for (let at = 0; at < roundsOf(6000); at++) {
      const key = pick()
      const dice = random()
      if (dice < 0.45) expect(cache.get(key)).toEqual(model.get(key))
      else if (dice < 0.65) {
        const value = random() < 0.2 ? at : random() < 0.1 ? 'x'.repeat(20_000) : `é${at}`
        expect(cache.set(key, value, random() < 0.5 ? undefined : { ttl: 100 })).toBe(true)
        model.set(key, value)
      } else if (dice < 0.72) {
        const keys = Array.from({ length: 5 }, pick)
        const hits = keys.filter((one) => model.has(one))
        expect(cache.getMany(keys)).toEqual(new Map(hits.map((one) => [one, model.get(one)])))
      } else if (dice < 0.8) expect(cache.delete(key)).toBe(model.delete(key))
      else if (dice < 0.85) {
        const isThere = model.has(key)
        const adds = random() < 0.5
        expect(adds ? cache.add(key, 'new') : cache.replace(key, 'new')).toBe(adds !== isThere)
        if (adds !== isThere) model.set(key, 'new')
      } else if (dice < 0.9) {
        const known = model.get(key)
        const isText = typeof known === 'string' && known.length < 100
        if (!isText) continue
        expect(cache.append(key, '>')).toBe(true)
        expect(cache.prepend(key, '<')).toBe(true)
        model.set(key, `<${known}>`)
      } else if (dice < 0.95) {
        const known = model.get(key)
        if (typeof known === 'string') continue
        const counted = known === undefined ? undefined : known + 3
        expect(cache.incr(key, 3)).toBe(counted)
        if (counted !== undefined) model.set(key, counted)
      } else {
        expect(cache.has(key)).toBe(model.has(key))
        const read = cache.gets(key)
        expect(read?.value).toEqual(model.get(key))
        if (read === undefined) continue
        expect(cache.cas(key, 'swapped', read.cas)).toBe('stored')
        expect(cache.cas(key, 'again', read.cas)).toBe('exists')
        model.set(key, 'swapped')
      }
    }
    expect(directCommands()).toBeGreaterThan(roundsOf(6000) / 3)
  })
})
