import { describe, expect, it, onTestFinished } from 'vitest'
import { SlabMeter } from '../../../src/cli/slabs/slab-meter.ts'
import { slabBytes } from '../../../src/cli/stats/slab-classes.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { TARGETS } from './targets.ts'

describe.each(TARGETS)('on $name', ({ start }) => {
  it('the slab classes show the items, their chunks and their padding', async () => {
    const server = await start()
    const client = new Memcache(server.address, { metrics: false })
    onTestFinished(async () => {
      client.destroy()
      await server.stop()
    })
    for (let at = 0; at < 10; at++) await client.set(`small:${at}`, 'x')
    await client.set('large', 'x'.repeat(5000))
    const meter = new SlabMeter(client, new AbortController().signal)
    await meter.measure()
    const [{ classes = [], error, evictedAMinute } = { evictedAMinute: Number }] = await meter.measure()
    expect(error).toBeUndefined()
    const filled = classes.filter(({ items }) => items > 0)
    expect(filled.map(({ items }) => items)).toEqual([10, 1])
    for (const one of filled) {
      const { total, requested, padding } = slabBytes(one)
      expect(requested).toBeGreaterThan(one.items * 40)
      expect(requested + padding).toBe(one.usedChunks * one.chunkSize)
      expect(total).toBeGreaterThanOrEqual(requested + padding)
      expect([one.evicted, one.outOfMemory, evictedAMinute(one.id)]).toEqual([0, 0, 0])
      for (const value of Object.values(one)) expect(value).not.toBeNaN()
    }
  })
})
