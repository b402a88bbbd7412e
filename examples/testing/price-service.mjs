// The service under test: prices from a database, kept in a cache. It must answer whatever the cache does.
import { Memcache } from 'memlane'

/** As the service makes its cache: it gives the cache 50 ms, and takes whatever fails for a miss. */
export const cacheOptions = { timeoutMs: 50, failures: 'miss' }

export class PriceService {
  constructor(database, cache = new Memcache(process.env.MEMCACHED, cacheOptions)) {
    this.database = database
    this.cache = cache
  }

  async price(product) {
    const known = await this.cache.get(`price:${product}`)
    if (known !== undefined) return known
    const price = await this.database.price(product)
    await this.cache.set(`price:${product}`, price, { ttl: 60 })
    return price
  }
}
