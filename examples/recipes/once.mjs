import { Memcache } from 'memlane'
import { once } from 'memlane/recipes'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', {
  keyPrefix: `run-${Date.now()}:`, // keys of its own for every run of this example
})

async function makeReport({ signal }) {
  console.log('the report is being made')
  for (let page = 1; page <= 3; page++) {
    signal.throwIfAborted() // the mark was lost: another caller may be at it
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return '3 pages'
}

const [first, second] = await Promise.all([
  once(cache, 'report', { ttl: 30 }, makeReport),
  once(cache, 'report', { ttl: 30 }, makeReport),
])
console.log(first, second)

await cache.close()
