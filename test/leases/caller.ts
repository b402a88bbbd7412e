import { Memcache } from '../../src/client/memcache.ts'

/** What a process of callers is told. */
export interface Order {
  readonly address: string
  readonly protocol: 'auto' | 'text'
  readonly key: string
  readonly callers: number
  readonly leaseTtl: number
}

/** What it is told: let the callers call, let the loader end. */
export type Permission = 'call' | 'load'

/** What it tells: it is connected, its loader began, the first look of every caller was answered, or all have their values. */
export type Word =
  | { readonly word: 'ready' | 'loading' | 'asked' }
  | { readonly word: 'done'; readonly values: readonly string[] }

/** The life of a process that was started with an order: connect, wait for the word, let its callers call. */
async function callAll(order: Order): Promise<void> {
  const { address, protocol, key, callers, leaseTtl } = order
  const [called, mayLoad] = [permission('call'), permission('load')]
  const cache = new Memcache(address, { protocol, timeoutMs: 10_000, connectTimeoutMs: 10_000 })
  const load = async (): Promise<string> => {
    tell({ word: 'loading' })
    await mayLoad
    return `by ${process.pid}`
  }
  await cache.get('warm')
  tell({ word: 'ready' })
  await called
  const calls = Array.from({ length: callers }, () => cache.getOrSet(key, load, { ttl: 1000, leaseTtl }))
  // On the same connection, behind their looks.
  await cache.get('warm')
  tell({ word: 'asked' })
  const values = [...new Set(await Promise.all(calls))]
  tell({ word: 'done', values })
  await cache.close()
  process.disconnect()
}

function permission(awaited: Permission): Promise<void> {
  return new Promise((resolve) => {
    process.on('message', (message: Permission) => {
      if (message === awaited) resolve()
    })
  })
}

function tell(word: Word): void {
  process.send?.(word)
}

const [order] = process.argv.slice(2)
if (order !== undefined) await callAll(JSON.parse(order) as Order)
