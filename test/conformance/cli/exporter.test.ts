import { describe, expect, it, onTestFinished } from 'vitest'
import { writeExposition } from '../../../src/cli/exporter/exposition.ts'
import { ScrapeTarget } from '../../../src/cli/exporter/target.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { GOLDEN, namesIn } from '../../unit/cli/exporter/golden.ts'
import { TARGETS } from './targets.ts'

describe.each(TARGETS)('on $name', ({ start }) => {
  it('the exporter has the names and labels of memcached_exporter, and the numbers of the server', async () => {
    const server = await start()
    const client = new Memcache(server.address, { metrics: false })
    onTestFinished(async () => {
      client.destroy()
      await server.stop()
    })
    await client.set('a', 'x')
    await client.get('a')
    await client.get('b')
    const failures: unknown[] = []
    const target = new ScrapeTarget(client, { slabs: true, onFailure: (_, error) => failures.push(error) })
    const text = writeExposition(await target.scrape())
    expect(failures).toEqual([])
    expect(namesIn(text).toSorted()).toEqual([...GOLDEN].toSorted())
    expect(text).toMatch(/^memcached_current_items 1$/m)
    expect(text).toMatch(/^memcached_commands_total\{command="set",status="hit"\} 1$/m)
    expect(text).toMatch(/^memcached_commands_total\{command="get",status="miss"\} 1$/m)
    expect(text).toMatch(/^memcached_slab_chunks_used\{slab="\d+"\} 1$/m)
  })
})
