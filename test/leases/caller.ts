import { Memcache } from '../../src/client/memcache.ts'

/** What a process of callers is told. */
export interface Order {
  readonly address: string
  readonly protocol: 'auto' | 'text'
  readonly key: string
  readonly callers: number
  readonly leaseTtl: number
  /** How long its loader takes. */
  readonly loadMs: number
}

/** What it tells: its loader began, or all its callers have their values. */
export type Word =
  | { readonly word: 'ready' | 'loading' }
  | { readonly word: 'done'; readonly values: readonly string[] }

/** The life of a process that was started with an order: connect, wait for the word, let its callers call. */
async function callAll(order: Order): Promise<void> {
  const { address, protocol, key, callers, leaseTtl, loadMs } = order
  const cache = new Memcache(address, { protocol, timeoutMs: 10_000, connectTimeoutMs: 10_000 })
  const load = async (): Promise<string> => {
    tell({ word: 'loading' })
    await new Promise((resolve) => setTimeout(resolve, loadMs))
    return `by ${process.pid}`
  }
  await cache.get('warm')
  const called = new Promise((resolve) => process.once('message', resolve))
  tell({ word: 'ready' })
  await called
  const calls = Array.from({ length: callers }, () => cache.getOrSet(key, load, { ttl: 1000, leaseTtl }))
  const values = [...new Set(await Promise.all(calls))]
  tell({ word: 'done', values })
  await cache.close()
  process.disconnect()
}

function tell(word: Word): void {
  process.send?.(word)
}

const [order] = process.argv.slice(2)
if (order !== undefined) await callAll(JSON.parse(order) as Order)
