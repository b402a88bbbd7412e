import { once } from 'node:events'
import { expect, it, onTestFinished } from 'vitest'
import { clientFor, entriesOf, missedBy, runTheirs } from './routing-exchange.ts'
import { keysOf } from './routing-keys.ts'
import { families, type RoutingPair, titleOf } from './routing-pair.ts'
import { routingPairs } from './routing-pairs.ts'
import { holdersOf, startServers, stopServers } from './routing-servers.ts'

/** Of every client one pair whose servers all have ports: a new process can take an old one's place. */
const pairs = Object.values(families).map((family) => {
  const isSimple = (pair: RoutingPair): boolean =>
    pair.family === family && pair.places.every(({ kind }) => kind === 'port')
  return routingPairs.find(isSimple)!
})

/** Its commands avoid a server from the first failure on; a probe follows at once. */
const quick = { retryAttempts: 1, retryTimeoutMs: 20, deadTimeoutMs: 20 }

it.each(pairs.map((pair) => [titleOf(pair), pair] as const))(
  'the other client finds every key where it was after one server died, was stood in for and came back: %s',
  async (_title, pair) => {
    const servers = await startServers(pair.places)
    onTestFinished(() => stopServers(servers))
    await using cache = clientFor(pair, servers, quick)
    const keys = keysOf('memlane', pair.keys)
    const homes = keys.map((key) => cache.serverFor(key)!.index)
    await cache.setMany(entriesOf(keys))

    const down = once(cache, 'serverDown')
    await servers[1]!.process.stop()
    // A server that nobody asks is not missed.
    expect(await missedBy(cache, keys)).toEqual(keys.filter((_, at) => homes[at] === 1))
    await down
    const standIns = keys.map((key) => cache.serverFor(key)!.index)
    expect(standIns.every((server, at) => (homes[at] === 1 ? server !== 1 : server === homes[at]))).toBe(true)
    await cache.setMany(entriesOf(keys))
    expect(await missedBy(cache, keys)).toEqual([])

    const up = once(cache, 'serverUp')
    await servers[1]!.process.start()
    await up
    expect(keys.map((key) => cache.serverFor(key)!.index)).toEqual(homes)
    // What stood in for the dead server has been removed; now the other client writes the same keys.
    const { stored, found } = await runTheirs(pair, servers, keys, keys)
    expect(stored.filter((each) => each)).toHaveLength(keys.length)
    expect(found).not.toContain(null)
    expect(await missedBy(cache, keys)).toEqual([])
    const wireKeys = keys.map((key) => cache.checkKey(key).toString())
    expect((await holdersOf(servers, wireKeys)).join(' ')).toBe(homes.join(' '))
  },
)
