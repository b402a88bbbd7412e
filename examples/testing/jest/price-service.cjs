// The service under test, in CommonJS: prices from a database, kept in a cache.
const { Memcache } = require('memlane')

/** As the service makes its cache: it gives the cache 50 ms, and takes whatever fails for a miss. */
const cacheOptions = { timeoutMs: 50, failures: 'miss' }

class PriceService {
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

module.exports = { cacheOptions, PriceService }
