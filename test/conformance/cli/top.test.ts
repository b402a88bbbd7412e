import { describe, expect, it, onTestFinished } from 'vitest'
import { LoadMeter } from '../../../src/cli/top/load-meter.ts'
import { hitShare } from '../../../src/cli/top/server-load.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { TARGETS } from './targets.ts'

describe.each(TARGETS)('on $name', ({ start }) => {
  it('the load shows what was done in between, and no more', async () => {
    const server = await start()
    const client = new Memcache(server.address, { metrics: false })
    onTestFinished(async () => {
      client.destroy()
      await server.stop()
    })
    const meter = new LoadMeter(client)
    const [first] = await meter.measure()
    expect(first?.load).toMatchObject({ items: 0, gets: Number.NaN })
    await client.set('a', 'x')
    for (let at = 0; at < 8; at++) await client.get('a')
    for (let at = 0; at < 2; at++) await client.get('missing')
    await client.delete('missing')
    const [{ load, version, error } = { load: undefined }] = await meter.measure()
    expect(version).toMatch(/^1\.6\./)
    expect([error, load!.items]).toEqual([undefined, 1])
    expect(hitShare(load!)).toBeCloseTo(0.8)
    expect(load!.gets / load!.sets).toBeCloseTo(10)
    expect(load!.deletes / load!.sets).toBeCloseTo(1)
    for (const name of ['evictions', 'touches', 'counts', 'expired', 'rejected'] as const) expect(load![name]).toBe(0)
    for (const name of ['limit', 'bytes', 'connections', 'maxConnections', 'read', 'written', 'ping'] as const) {
      expect(load![name]).toBeGreaterThan(0)
    }
    expect(load!.cpu).toBeGreaterThanOrEqual(0)
  })
})
