import { Memcache } from '../../src/client/memcache.ts'
import type { ClusterOptions } from '../../src/cluster/options.ts'
import { patient } from '../support/memcache-options.ts'
import { type RoutingJobResult, runRoutingJob } from './routing-client.ts'
import { keysOf, textOf } from './routing-keys.ts'
import type { RoutingPair } from './routing-pair.ts'
import { emptyServers, holdersOf, type RoutingServer } from './routing-servers.ts'
import { startTwemproxy } from './routing-twemproxy.ts'

/** What both sides did with the same list of servers. */
export interface RoutingExchange {
  readonly version: string
  /** Keys that the other client could not store. */
  readonly notStored: readonly string[]
  /** Keys of ours for which the other client has another text or none. */
  readonly theyMissed: readonly string[]
  /** Keys of theirs for which memlane has another text or none. */
  readonly weMissed: readonly string[]
  /** The same once memlane has closed its connections and made new ones. */
  readonly missedAfterReconnect: readonly string[]
  /** Keys for which `serverFor` names another server then. */
  readonly movedByReconnect: readonly string[]
  /** The servers that have each key, theirs first: really, and by `serverFor`. */
  readonly holders: readonly (readonly number[])[]
  readonly expected: readonly (readonly number[])[]
}

/** What they did with a list, and with the same list turned round. */
export interface PairExchange {
  readonly asItIs: RoutingExchange
  readonly turnedRound: RoutingExchange
  /** Keys that are on another server where both have the list turned round. */
  readonly movedByOrder: readonly string[]
  /** Keys of theirs, written with the list turned round, that memlane does not find with the list as it is. */
  readonly missedInOtherOrder: readonly string[]
}

/** A client of ours for the pair's servers. */
export function clientFor(
  pair: RoutingPair,
  servers: readonly RoutingServer[],
  cluster: ClusterOptions = {},
): Memcache {
  return new Memcache(
    servers.map(({ address }) => address),
    { ...patient, ...pair.options, serde: pair.family.serde, cluster: { ...cluster, distribution: pair.distribution } },
  )
}

/** Lets each side write its keys and read those of the other, in both orders of the servers. */
export async function bothOrders(pair: RoutingPair, servers: readonly RoutingServer[]): Promise<PairExchange> {
  const asItIs = await exchangeKeys(pair, servers)
  await emptyServers(servers)
  const turnedRound = await exchangeKeys(pair, servers.toReversed())
  await using cache = clientFor(pair, servers)
  const last = servers.length - 1
  const theirKeys = keysOf('foreign', pair.keys)
  const allKeys = [...theirKeys, ...keysOf('memlane', pair.keys)]
  return {
    asItIs,
    turnedRound,
    movedByOrder: allKeys.filter((_, at) => asItIs.holders[at]![0] !== last - turnedRound.holders[at]![0]!),
    missedInOtherOrder: await missedBy(cache, theirKeys),
  }
}

async function exchangeKeys(pair: RoutingPair, servers: readonly RoutingServer[]): Promise<RoutingExchange> {
  await using cache = clientFor(pair, servers)
  const [theirKeys, ourKeys] = [keysOf('foreign', pair.keys), keysOf('memlane', pair.keys)]
  const allKeys = [...theirKeys, ...ourKeys]
  await cache.setMany(entriesOf(ourKeys))
  const { version, stored, found } = await runTheirs(pair, servers, theirKeys, ourKeys)
  const notStored = theirKeys.filter((_, at) => stored[at] !== true)
  const theyMissed = ourKeys.filter((key, at) => found[at] !== textOf(key))
  const weMissed = await missedBy(cache, theirKeys)
  const expected = allKeys.map((key) => [cache.serverFor(key)!.index])
  await cache.disconnect()
  const missedAfterReconnect = await missedBy(cache, allKeys)
  return {
    version,
    notStored,
    theyMissed,
    weMissed,
    missedAfterReconnect,
    movedByReconnect: allKeys.filter((key, at) => cache.serverFor(key)!.index !== expected[at]![0]),
    // With the prefix, as the servers have them.
    holders: await holdersOf(
      servers,
      allKeys.map((key) => cache.checkKey(key).toString()),
    ),
    expected,
  }
}

/** Lets the other client write some keys and read others, straight or through its proxy. */
export async function runTheirs(
  pair: RoutingPair,
  servers: readonly RoutingServer[],
  write: readonly string[],
  read: readonly string[],
): Promise<RoutingJobResult> {
  const job = { options: pair.foreignOptions, set: entriesOf(write), get: read }
  if (pair.family.through === undefined) {
    return runRoutingJob(pair.family.client, { ...job, servers: servers.map(({ foreign }) => foreign) })
  }
  await using proxy = await startTwemproxy(pair.pool, servers)
  const result = await runRoutingJob(pair.family.client, { ...job, servers: [proxy.foreign] })
  return { ...result, version: proxy.version }
}

/** The keys that a client of ours does not find with their own texts. */
export async function missedBy(cache: Memcache, keys: readonly string[]): Promise<string[]> {
  const found = await cache.getMany<string>(keys)
  return keys.filter((key) => found.get(key) !== textOf(key))
}

/** Keys with their texts. */
export function entriesOf(keys: readonly string[]): [string, string][] {
  return keys.map((key) => [key, textOf(key)])
}
