import { getEventListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { chunks } from '../../src/client/chunks/chunks.ts'
import { Memcache } from '../../src/client/memcache.ts'
import { zones } from '../../src/client/zones.ts'
import { BatchError, MemcacheError } from '../../src/errors.ts'
import type { MemcacheOptions } from '../../src/exports/index.ts'
import { nearCache } from '../../src/middleware/near/near-cache.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { settle, until } from '../support/eventually.ts'
import { RecordedServer } from '../support/recorded-server.ts'
import { playRounds, timeout } from './seed.ts'
import { CallMaker, type TrackedCall } from './tracked-calls.ts'

const CALLS = 250
const HANG_MS = 30_000
const SERVERS = 3

interface Failure {
  readonly call: TrackedCall
  readonly reason: unknown
}

interface Site {
  readonly recorded: RecordedServer
  readonly proxy: FaultProxy
}

async function openSite(seed: number): Promise<Site> {
  const recorded = await RecordedServer.start()
  return { recorded, proxy: await FaultProxy.start(recorded.address, { seed: seed % 1000 }) }
}

async function closeSite({ recorded, proxy }: Site): Promise<void> {
  await proxy.close()
  await recorded[Symbol.asyncDispose]()
}

/** Breaks the network of one server, or mends it. */
async function disturb({ proxy }: Site, random: () => number): Promise<void> {
  switch (Math.floor(random() * 9)) {
    case 0:
      return proxy.reset()
    case 1:
      return proxy.freeze()
    case 2:
      return proxy.set('toClient', { cutAfterBytes: Math.floor(random() * 600) })
    case 3:
      return proxy.set('toServer', { cutAfterBytes: Math.floor(random() * 600) })
    case 4:
      return proxy.set({ splitBytes: 1 + Math.floor(random() * 40) })
    case 5:
      return proxy.set({ latencyMs: 20, jitterMs: 20 })
    case 6:
      await proxy.refuse()
      return proxy.reset()
    default:
      return proxy.heal()
  }
}

/** Layers that a client may have beside its connections. */
type Layer = 'none' | 'nearCache' | 'chunks' | 'zones'

const LAYERS: readonly Layer[] = ['none', 'nearCache', 'chunks', 'zones']

/** Options of a client, among which chance decides. */
function optionsOf(random: () => number, layer: Layer): MemcacheOptions {
  return {
    ...(layer === 'nearCache' ? { nearCache: nearCache({ ttlMs: 60_000, admitAfter: 1 }) } : {}),
    ...(layer === 'chunks' ? { chunks: chunks({ aboveBytes: 8000, chunkBytes: 4096 }) } : {}),
    timeoutMs: 150,
    connectTimeoutMs: 150,
    protocol: random() < 0.5 ? 'auto' : 'text',
    cluster: { failover: random() < 0.5 ? 'next' : 'none', retryTimeoutMs: 30, deadTimeoutMs: 60 },
    ...(layer !== 'zones' && random() < 0.3 ? { retry: { attempts: 2 } } : {}),
    ...(random() < 0.2 ? { connectionsPerServer: 2 } : {}),
    ...(random() < 0.2 ? { maxPending: 20 } : {}),
  }
}

/** A client of one cluster, or of zones of one server each. */
function openClient(members: readonly Site[], options: MemcacheOptions, layer: Layer): Memcache {
  const addresses = members.map(({ proxy }) => proxy.address)
  if (layer !== 'zones') return new Memcache(addresses, options)
  const [local, b, c] = addresses
  return new Memcache(local, {
    ...options,
    zones: zones({ local: 'a', primary: 'b', others: { b: [b!], c: [c!] }, zoneTimeoutMs: 30 }),
  })
}

/** What is not true of a failure; undefined: all of it is. */
function untruth(failure: unknown, tokens: readonly string[] = [], sites: readonly Site[] = []): string | undefined {
  if (!(failure instanceof MemcacheError) || tokens.length === 0) return undefined
  const places = sites.flatMap(({ recorded }) => tokens.map((token) => [recorded, token] as const))
  const received = places.find(([recorded, token]) => recorded.hasReceived(token))
  const isAnswered = places.some(([recorded, token]) => recorded.hasAnswered(token))
  if (failure.delivery === 'not-sent' && received !== undefined) {
    return `not-sent, but a server got ${received[0].around(received[1])}: ${failure.message}`
  }
  if (failure.delivery === 'answered' && !isAnswered) return `answered, but no server has answered: ${failure.message}`
  return undefined
}

function untruths({ call: { name, tokens, tokensByKey }, reason }: Failure, sites: readonly Site[]): string[] {
  const single = untruth(reason, tokens, sites)
  const failed = reason instanceof BatchError ? [...reason.failed] : []
  const ofKeys = failed.map(([key, failure]) => untruth(failure, tokensByKey?.get(key as string), sites))
  return [single, ...ofKeys].filter((problem) => problem !== undefined).map((problem) => `${name}: ${problem}`)
}

it('random calls through random faults: every call settles once, no value is foreign, delivery is true', {
  timeout,
}, async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  try {
    await playRounds(6, async ({ random, seed }) => {
      const sites = await Promise.all(Array.from({ length: SERVERS }, () => openSite(seed)))
      const [spare] = sites.slice(-1)
      const layer = LAYERS[Math.floor(random() * LAYERS.length)]!
      const members = layer === 'zones' || random() < 0.5 ? sites : sites.slice(0, 2)
      const cache = openClient(members, optionsOf(random, layer), layer)
      // A server that left and comes back may have what it had: that is no promise.
      const maker = new CallMaker(random, `r${seed}`, {
        hasDiaries: members.length === SERVERS,
        inChunks: layer === 'chunks',
      })
      const problems: string[] = []
      const failures: Failure[] = []
      const signals: AbortSignal[] = []
      const pending: Promise<void>[] = []
      for (let at = 0; at < CALLS; at++) {
        const call = maker.next()
        const abort = new AbortController()
        const isAborted = random() < 0.1
        if (isAborted) signals.push(abort.signal)
        const options = {
          ...(isAborted ? { signal: abort.signal } : {}),
          ...(random() < 0.1 ? { timeoutMs: 1 + Math.floor(random() * 40) } : {}),
        }
        const promise = call.start(cache, options)
        pending.push(follow(call, promise, problems, failures))
        if (isAborted) setTimeout(() => abort.abort(), random() * 30)
        if (random() < 0.08) await disturb(sites[Math.floor(random() * SERVERS)]!, random)
        if (members.length < SERVERS && random() < 0.02) changeMembers(cache, spare!)
        if (random() < 0.3) await pause(random() * 8)
      }
      await Promise.all(pending)
      for (const { proxy } of sites) await proxy.heal()
      expect(signals.flatMap((signal) => getEventListeners(signal, 'abort'))).toEqual([])
      await settle(cache.close(), HANG_MS)
      await until(() => sites.every(({ proxy }) => proxy.openConnections === 0), 'no connection stays')
      // Now that nothing is under way any more: what was held back has arrived.
      problems.push(...failures.flatMap((failure) => untruths(failure, sites)))
      expect(problems, layer).toEqual([])
      await Promise.all(sites.map(closeSite))
    })
    expect(unhandled).toEqual([])
  } finally {
    process.off('unhandledRejection', note)
  }
})

/** Waits for a call, and notes what is wrong with its result, or how it failed. */
async function follow(
  call: TrackedCall,
  promise: Promise<unknown>,
  problems: string[],
  failures: Failure[],
): Promise<void> {
  const outcome = await settle(promise, HANG_MS)
  if (outcome.status === 'rejected') return void failures.push({ call, reason: outcome.reason })
  const problem = call.check?.(outcome.value)
  if (problem !== undefined) problems.push(`${call.name}: ${problem}`)
}

/** Adds the spare server to the cluster, or takes it away. */
function changeMembers(cache: Memcache, { proxy }: Site): void {
  const isMember = cache.servers.some(({ name }) => name === proxy.address)
  if (isMember) void cache.removeServer(proxy.address)
  else cache.addServer(proxy.address)
}
