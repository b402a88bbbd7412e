import { Memcache } from 'memlane'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', {
  keyPrefix: `run-${Date.now()}:`, // keys of its own for every run of this example
})

// The 2 is the version of the layout: programs with the old one keep their own keys during a deployment.
const products = cache.namespace('product:2:', { ttl: 3600, generations: true })

await products.setMany({ a: { price: 5 }, b: { price: 7 } })
console.log((await products.getMany(['a', 'b'])).size, 'products')

// All prices have changed: one command, however many products there are.
await products.clear()
console.log((await products.getMany(['a', 'b'])).size, 'products')

await cache.close()
