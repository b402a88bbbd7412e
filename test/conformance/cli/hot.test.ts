import { describe, expect, it, onTestFinished } from 'vitest'
import { hotReport } from '../../../src/cli/hot/hot-report.ts'
import { HotWatch } from '../../../src/cli/hot/hot-watch.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { eventually } from '../../support/eventually.ts'
import { TARGETS } from './targets.ts'

describe.each(TARGETS)('on $name', ({ start }) => {
  it('every read is counted by its key, and misses by their prefix; stores are no reads', async () => {
    const server = await start()
    const client = new Memcache(server.address, { metrics: false })
    const end = new AbortController()
    onTestFinished(async () => {
      end.abort()
      client.destroy()
      await server.stop()
    })
    const failures: unknown[] = []
    const watch = new HotWatch(client, {
      delimiter: ':',
      timeoutMs: 5000,
      signal: end.signal,
      onFailure: (_server, error) => failures.push(error),
    })
    const running = watch.run()
    await eventually(() => expect(watch.seen).toHaveLength(1))
    await client.set('user:1', 'four')
    await client.set('user:1', 'four')
    await client.add('user:1', 'five')
    for (let at = 0; at < 10; at++) await client.get('user:1')
    for (let at = 0; at < 4; at++) await client.get(`session:${at}`)
    await eventually(() => expect(watch.seen[0]!.hot.reads).toBe(14))
    await watch.measure()
    end.abort()
    await running
    expect([failures, watch.seen[0]!.factor]).toEqual([[], 1])
    const report = hotReport(watch.seen, 3)
    expect(report.keys[0]).toMatchObject({ key: 'user:1', hitShare: 1, size: 4 })
    expect(report.keys[0]!.perSecond / report.perSecond).toBeCloseTo(10 / 14)
    expect(report.prefixes.map(({ prefix }) => prefix)).toEqual(['session:*'])
  })
})
