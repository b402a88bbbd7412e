import { createHash } from 'node:crypto'
import { Writable } from 'node:stream'
import { type Memcache, type Namespace, ttlFromMs } from 'memlane'
import { structuredClone } from 'memlane/serde'
import type { interceptors } from 'undici'

type CacheStore = NonNullable<interceptors.CacheInterceptorOpts['store']>
type CacheKey = Parameters<CacheStore['get']>[0]
type CacheValue = Parameters<CacheStore['createWriteStream']>[1]
type CacheResult = Exclude<Awaited<ReturnType<CacheStore['get']>>, undefined>
/** A response. `vary` has the headers of the request that chose it. */
type Variant = CacheValue & { readonly body: Uint8Array }

/** Bytes of all variants of a URL, which are one item of at most 1 MB; and of the headers of each. */
const [MAX_BYTES, HEADER_BYTES] = [1_000_000, 16_384]
const MONTH_MS = 30 * 86_400_000

/** Keeps HTTP responses for the interceptor `cache` of undici. No method fails: a response that is not found is fetched. */
export class MemlaneCacheStore implements CacheStore {
  readonly #urls: Namespace<Variant[]>
  readonly #report: (error: unknown) => undefined

  constructor(cache: Memcache, onError: (error: unknown) => void = () => {}) {
    this.#urls = cache.namespace<Variant[]>('http:')
    this.#report = (error) => {
      onError(error)
      return undefined
    }
  }

  async get(key: CacheKey): Promise<CacheResult | undefined> {
    const call = { serde: structuredClone, failures: 'throw' } as const
    const variants = await this.#urls.get(keyOf(key), call).catch(this.#report)
    const found = variants?.find((variant) => matches(variant, key))
    return (
      found && { ...found, cacheControlDirectives: found.cacheControlDirectives ?? {}, body: Buffer.from(found.body) }
    )
  }

  createWriteStream(key: CacheKey, value: CacheValue): Writable {
    const chunks: Buffer[] = []
    let bytes = HEADER_BYTES
    const store = (): Promise<void> => this.#store(key, { ...value, body: Buffer.concat(chunks) })
    return new Writable({
      write(chunk: Buffer, _encoding, done) {
        bytes += chunk.byteLength
        if (bytes > MAX_BYTES) this.destroy()
        else chunks.push(chunk)
        done()
      },
      final(done) {
        void store().finally(done)
      },
    })
  }

  async delete(key: CacheKey): Promise<void> {
    await this.#urls.delete(keyOf(key), { failures: 'throw' }).catch(this.#report)
  }

  /** Adds a variant to those of its URL. `update` stores nothing that another client has changed meanwhile. */
  async #store(key: CacheKey, variant: Variant): Promise<void> {
    let last = variant.deleteAt
    const add = (variants: Variant[] = []): Variant[] => {
      const others = variants.filter((other) => other.deleteAt > Date.now() && !matches(other, key))
      const kept = fit([variant, ...others])
      last = Math.max(...kept.map(({ deleteAt }) => deleteAt))
      return kept
    }
    try {
      await this.#urls.update(keyOf(key), add, { serde: structuredClone, ttl: ttlUntil(variant.deleteAt) })
      if (last > variant.deleteAt) await this.#urls.touch(keyOf(key), ttlUntil(last))
    } catch (error) {
      this.#report(error)
    }
  }
}

/** Returns the first variants, as many as an item has room for. */
function fit(variants: readonly Variant[]): Variant[] {
  let left = MAX_BYTES
  return variants.filter(({ body }) => {
    left -= HEADER_BYTES + body.byteLength
    return left >= 0
  })
}

/** Whether a response answers a request: all headers that it varies by are the same. */
function matches({ vary = {}, deleteAt }: CacheValue, { headers = {} }: CacheKey): boolean {
  const same = (name: string): boolean => String(vary[name] ?? '') === String(headers[name] ?? '')
  return deleteAt > Date.now() && Object.keys(vary).every(same)
}

function keyOf({ method, origin, path }: CacheKey): string {
  return createHash('sha256').update(`${method} ${origin}${path}`).digest('base64url')
}

function ttlUntil(deleteAt: number): number {
  return ttlFromMs(Math.min(deleteAt - Date.now(), MONTH_MS), { atLeast: true })
}
