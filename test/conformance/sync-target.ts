import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { MemcacheSync } from '../../src/sync/memcache-sync.ts'
import type { MemcacheSyncOptions } from '../../src/sync/options.ts'
import type { MemcacheOptions } from '../support/memcache-options.ts'
import { useBuiltWorker } from '../unit/sync/built-worker.ts'
import type { CountedConnections, RunningServer } from './running-server.ts'
import { SpareClients } from './spare-clients.ts'
import { realTargets, type Target } from './targets.ts'

/** What is below the worker's client is every client's: the suites of synchronous clients are about the bridge. */
export const syncTargets: readonly Target[] = realTargets.filter(({ protocol }) => protocol !== 'meta')

/** Tests that are about what a blocked thread cannot have, by their titles, and why. */
const NOT_SYNCHRONOUS: readonly (readonly [title: RegExp, why: string])[] = [
  [/signal/, 'a synchronous call takes no signal'],
  [/^destroy (rejects|during)/, 'nothing is ever pending'],
  [/^tells how its servers are/, 'nothing is ever pending'],
  [/near cache/, 'a synchronous client has none'],
  [/synchronous or not$/, 'a function cannot give a promise'],
]

/** The same of the suite of leases. */
export const NOT_SYNCHRONOUS_LEASES: typeof NOT_SYNCHRONOUS = [
  'loads once for all callers of one process',
  'is a miss to plain readers while',
  'gives what a set meanwhile stored',
  'passes the error of a loader to all who waited',
  'waits no longer than waitMs',
  'is over at once for who aborts',
  'tells the loader when the last caller',
  'finishes loads before it closes',
  'ends loads and waits when',
  'does not undo a delete that came while',
  'does not store in the place of nothing',
  'waits for a text client that is loading',
  'sees what this client wrote before',
  'leaves no item behind when it is aborted',
  'stays for plain readers, and is loaded anew',
  'stays, and is tried again, when its loader fails',
  'loads anew what is nearly expired',
  'waits for what others are loading',
  'passes the error of the loader on',
  'makes a value of the present one',
  'gives up after so many attempts',
  'takes the place of a value that is being loaded',
].map((title) => [new RegExp(`^${title}`), 'its functions give promises, or are aborted'])

/**
 * The clients of a target are synchronous ones, dressed up as the others.
 *
 * @param more - Options for all of them.
 */
export function asSyncTarget(target: Target, more: MemcacheSyncOptions = {}): Target {
  const name = `MemcacheSync on ${target.name}`
  return { ...target, name, isUnlisted: true, start: async () => withSyncClients(await target.start(), more) }
}

/** Prepares a file of tests, and leaves those out that are about something else. */
export function useSync(more: typeof NOT_SYNCHRONOUS = []): void {
  beforeAll(useBuiltWorker)
  beforeEach(({ task, skip }) => {
    for (const [title, why] of [...NOT_SYNCHRONOUS, ...more]) if (title.test(task.name)) skip(why)
  })
  afterAll(() => forwarder?.terminate())
}

function withSyncClients(server: RunningServer, more: MemcacheSyncOptions): RunningServer {
  const clients = new SpareClients(
    (options: MemcacheOptions) => new MemcacheSync(server.address, { ...options, ...more }),
  )
  return {
    ...server,
    createClient: (options) => clients.take(options),
    takeBackClients: () => clients.takeBack(),
    countConnections: (cache) => {
      const { port, counted } = forward(server)
      // The certificate names localhost.
      const host = server.endpoint.authority === undefined ? '127.0.0.1' : 'localhost'
      clients.replace(cache, (options) => new MemcacheSync({ host, port }, { ...options, ...more }))
      return counted
    },
    stop: () => {
      clients.destroy()
      return server.stop()
    },
  }
}

let forwarder: Worker | undefined

function forward({ endpoint }: RunningServer): { port: number; counted: CountedConnections } {
  forwarder ??= new Worker(new URL('./sync-forwarder.mjs', import.meta.url), { execArgv: [] })
  forwarder.unref()
  const counts = new Int32Array(new SharedArrayBuffer(12))
  const { path, port } = endpoint
  forwarder.postMessage({ counts: counts.buffer, target: path === undefined ? { host: '127.0.0.1', port } : { path } })
  Atomics.wait(counts, 0, 0, 10_000)
  const counted: CountedConnections = {
    get connections() {
      return Atomics.load(counts, 1)
    },
    get openConnections() {
      return Atomics.load(counts, 2)
    },
    freeze: refuseToFreeze,
    thaw: refuseToFreeze,
  }
  return { port: Atomics.load(counts, 0), counted }
}

function refuseToFreeze(): never {
  throw new Error('nobody could thaw it while the thread is blocked')
}
