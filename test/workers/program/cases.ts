import { Memcache, MemcacheError, type MemcacheOptions } from 'memlane'
import { cloudflareDialer } from 'memlane/cloudflare'

/** What a case is given: the address of a server, and the options of the client. */
export interface CaseInput {
  readonly server: string
  readonly options: MemcacheOptions
}

type Case = (cache: Memcache) => Promise<unknown>

const bytes = new Uint8Array(300_000).map((_, index) => (index * 7) % 256)

/** The conformance suite's claims, as far as they concern a transport: what each returns is compared outside of the Worker. */
const CASES: Readonly<Record<string, Case>> = {
  values: async (cache) => {
    const values = ['text', '', 'ü€😀', 42, -1, 1.5, true, null, { a: [1, { b: 'c' }] }]
    const back: unknown[] = []
    for (const value of values) {
      await cache.set('value', value)
      back.push(await cache.get('value'))
    }
    return back
  },
  bytes: async (cache) => {
    await cache.set('bytes', bytes)
    const back = await cache.get<Uint8Array>('bytes')
    return back !== undefined && back.length === bytes.length && back.every((byte, index) => byte === bytes[index])
  },
  largeText: async (cache) => {
    const text = 'aé'.repeat(250_000)
    return [await cache.set('large', text), (await cache.get('large')) === text]
  },
  misses: async (cache) => [await cache.get('none'), await cache.delete('none'), await cache.touch('none', 10)],
  batches: async (cache) => {
    const entries = Array.from({ length: 2000 }, (_, index): [string, number] => [`batch-${index}`, index])
    const refused = await cache.setMany(entries)
    const found = await cache.getMany<number>(entries.map(([key]) => key))
    return [refused.length, found.size, [...found].every(([key, value]) => key === `batch-${value}`)]
  },
  concurrent: async (cache) => {
    await Promise.all(Array.from({ length: 500 }, (_, index) => cache.set(`one-${index}`, index)))
    const read = await Promise.all(Array.from({ length: 500 }, (_, index) => cache.get<number>(`one-${index}`)))
    return read.every((value, index) => value === index)
  },
  counters: async (cache) => [
    await cache.incr('hits', 1, { initial: 1 }),
    await cache.incr('hits', 41),
    await cache.decr('hits', 2n),
    await cache.get('hits'),
  ],
  cas: async (cache) => {
    await cache.set('item', 'a')
    const item = await cache.gets<string>('item')
    return [await cache.cas('item', 'b', item!.cas), await cache.cas('item', 'c', item!.cas), await cache.get('item')]
  },
  update: async (cache) => {
    const add = (): Promise<unknown> => cache.update<number>('sum', (sum) => (sum ?? 0) + 1, { attempts: 100 })
    await Promise.all(Array.from({ length: 10 }, add))
    return cache.get('sum')
  },
  getOrSet: async (cache) => {
    let loads = 0
    const load = async (): Promise<number> => ++loads
    const all = await Promise.all(Array.from({ length: 20 }, () => cache.getOrSet('loaded', load, { ttl: 60 })))
    return [new Set(all).size, loads, await cache.get('loaded')]
  },
  noreply: async (cache) => {
    for (let index = 0; index < 100; index++) void cache.noreply.set(`quiet-${index}`, index)
    return (await cache.getMany(Array.from({ length: 100 }, (_, index) => `quiet-${index}`))).size
  },
  namespaces: async (cache) => {
    const users = cache.namespace<string>('user:', { generations: true })
    await users.set('1', 'Ada')
    const before = await users.get('1')
    await users.clear()
    return [before, await users.get('1')]
  },
  pipelines: async (cache) => {
    const outcomes = await cache.pipeline().set('p', 1).get<number>('p').delete('p').run()
    return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : String(outcome.reason)))
  },
  stats: async (cache) => {
    const [server] = [...(await cache.stats()).values()]
    return typeof server?.['curr_items'] === 'number'
  },
  reconnects: async (cache) => {
    await cache.set('kept', 1)
    await cache.disconnect()
    return cache.get('kept')
  },
  reads: (cache) => cache.get('anything'),
}

/** Runs a case with a client of its own; gives its result, or what failed. */
export async function runCase(name: string, { server, options }: CaseInput): Promise<unknown> {
  const cache = new Memcache(server, { connect: cloudflareDialer, ...options })
  try {
    return { result: await CASES[name]!(cache) }
  } catch (error) {
    return { error: describe(error) }
  } finally {
    cache.destroy()
  }
}

export function describe(error: unknown): unknown {
  if (!(error instanceof MemcacheError)) return { name: 'Error', message: String(error) }
  const { name, code, delivery, message } = error
  return { name, code, delivery, message }
}
