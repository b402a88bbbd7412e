import { expect, it, onTestFailed, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { createRandom } from '../../src/testing/random.ts'
import { collectGarbage } from '../support/collected.ts'
import { until } from '../support/eventually.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'
import { VersionedLoad } from '../support/versioned-load.ts'

/** Short in `npm test`; `npm run soak` makes some hundreds. */
const { MEMLANE_SOAK_OUTAGES = '6', MEMLANE_SOAK_SEED: seed = '20260709' } = process.env
const outages = Number(MEMLANE_SOAK_OUTAGES)
const random = createRandom(Number(seed))

/** What the heap may have grown by since the first outages: caches of a fixed size fill slowly. */
const GROWTH_BYTES = 8e6

/** A server, and the network before it. */
interface Place {
  readonly server: RealMemcached
  readonly proxy: FaultProxy
}

interface Outage {
  readonly name: string
  readonly begin: (place: Place) => Promise<void> | void
  readonly end: (place: Place) => Promise<void> | void
}

const KINDS: readonly Outage[] = [
  { name: 'frozen', begin: ({ server }) => server.freeze(), end: ({ server }) => server.thaw() },
  { name: 'killed', begin: ({ server }) => server.kill('SIGKILL'), end: ({ server }) => server.start() },
  { name: 'reset', begin: ({ proxy }) => proxy.reset(), end: () => undefined },
  { name: 'refusing', begin: refuse, end: ({ proxy }) => proxy.accept() },
  { name: 'slow', begin: ({ proxy }) => proxy.set({ latencyMs: 40, jitterMs: 40 }), end: ({ proxy }) => proxy.heal() },
  { name: 'in pieces', begin: ({ proxy }) => proxy.set({ splitBytes: 3 }), end: ({ proxy }) => proxy.heal() },
  {
    name: 'cutting',
    begin: ({ proxy }) => proxy.set('toClient', { cutAfterBytes: 500 + Math.floor(random() * 5000) }),
    end: ({ proxy }) => proxy.heal(),
  },
]

async function refuse({ proxy }: Place): Promise<void> {
  await proxy.refuse()
  proxy.reset()
}

async function startPlace(): Promise<Place> {
  const server = await startMemcached()
  const proxy = await FaultProxy.start(server.address)
  onTestFinished(async () => {
    await proxy.close()
    await server.stop()
  })
  return { server, proxy }
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!
}

/** Bytes of the heap that are in use. */
function heap(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

it(`serves through ${outages} outages: nothing hangs, nothing old is read, nothing stays`, {
  timeout: 3_600_000,
}, async () => {
  const places = await Promise.all(Array.from({ length: 4 }, startPlace))
  const cache = new Memcache(
    places.map(({ proxy }) => proxy.address),
    { timeoutMs: 500, connectTimeoutMs: 500, cluster: { retryTimeoutMs: 50, deadTimeoutMs: 100 } },
  )
  onTestFinished(() => cache.destroy())
  const keys = Array.from({ length: 400 }, (_, at) => `key:${at}`)
  const load = new VersionedLoad(cache, keys)
  const seen = new Map<string, number>()
  let early = 0
  onTestFailed(() =>
    console.error(`To see it again: MEMLANE_SOAK_SEED=${seed} MEMLANE_SOAK_OUTAGES=${outages} npm run soak`),
  )
  for (let at = 0; at < outages; at++) {
    const [place, kind] = [pick(places), pick(KINDS)]
    seen.set(kind.name, (seen.get(kind.name) ?? 0) + 1)
    await kind.begin(place)
    await load.more(3000)
    await kind.end(place)
    await load.more(1000)
    expect(load.wrong).toEqual([])
    if (at === Math.floor(outages / 4)) early = heap()
  }
  await load.steady(5000)
  await until(() => cache.servers.every(({ state }) => state === 'up'), 'every server is up', 30_000)
  await load.stop()
  expect(load.wrong).toEqual([])
  const growth = heap() - early
  console.log(
    `${load.answered} answers, ${load.failed} failures ${JSON.stringify(Object.fromEntries(load.failures))}, ` +
      `heap ${(growth / 1e6).toFixed(1)} MB more, outages ${JSON.stringify(Object.fromEntries(seen))}`,
  )
  expect(growth).toBeLessThan(GROWTH_BYTES)
  expect(cache.servers.map(({ pending }) => pending)).toEqual([0, 0, 0, 0])
  expect(places.map(({ proxy }) => proxy.openConnections)).toEqual([1, 1, 1, 1])
  await cache.close()
  await until(() => places.every(({ proxy }) => proxy.openConnections === 0), 'no connection stays')
})
