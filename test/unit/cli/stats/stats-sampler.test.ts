import { describe, expect, it } from 'vitest'
import { numberIn, StatsSampler } from '../../../../src/cli/stats/stats-sampler.ts'
import { Memcache } from '../../../../src/client/memcache.ts'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'

describe('a sampler of stats', () => {
  it('gives rates from the second sample on', async () => {
    await using server = await MemcachedServer.start()
    await using client = new Memcache(server.address)
    let now = 0
    const sampler = new StatsSampler(client, { now: () => now })
    const [first] = await sampler.sample()
    expect([first!.seconds, first!.rate('cmd_get'), numberIn(first!.stats, 'cmd_get')]).toEqual([
      undefined,
      Number.NaN,
      0,
    ])
    await client.getMany(['a', 'b', 'c', 'd'])
    now = 2000
    const [second] = await sampler.sample()
    expect([second!.seconds, second!.delta('cmd_get'), second!.rate('cmd_get')]).toEqual([2, 4, 2])
    expect(second!.delta('no_such_stat')).toBeNaN()
  })

  it('gives no rates for counters that were reset, nor for a server that began anew', async () => {
    const answers = [
      { pid: 1, cmd_get: 5 },
      { pid: 1, cmd_get: 2 },
      { pid: 2, cmd_get: 9 },
      { pid: 2, cmd_get: 9n },
    ]
    const client = new Memcache('cache')
    client.stats = () => Promise.resolve(new Map([['cache:11211', answers.shift()!]]))
    const sampler = new StatsSampler(client, { now: () => 1000 * (4 - answers.length) })
    const deltas: unknown[] = []
    for (let round = 0; round < 4; round++) {
      const [sample] = await sampler.sample()
      deltas.push([sample!.seconds, sample!.delta('cmd_get')])
    }
    expect(deltas).toEqual([
      [undefined, Number.NaN],
      [1, Number.NaN],
      [undefined, Number.NaN],
      [1, 0],
    ])
  })

  it('gives the error of a server beside the answers of others', async () => {
    await using up = await MemcachedServer.start()
    const down = await MemcachedServer.start()
    await using client = new Memcache([up.address, down.address])
    await down.close()
    const samples = await new StatsSampler(client).sample()
    expect(samples.map(({ server, stats, error }) => [server, stats !== undefined, error !== undefined])).toEqual([
      [up.address, true, false],
      [down.address, false, true],
    ])
  })
})
