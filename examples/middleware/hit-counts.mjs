// Counts hits and misses, by command.
import { Memcache } from 'memlane'
import { observe } from 'memlane/middleware'

const counts = new Map()

const countHits = (next) => ({
  dispatch(operation) {
    const { command } = operation
    observe(operation, ({ result }) => {
      if (result !== 'hit' && result !== 'miss') return
      const count = counts.get(command) ?? { hit: 0, miss: 0 }
      count[result]++
      counts.set(command, count)
    })
    next.dispatch(operation)
  },
})

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', { middleware: [countHits] })
await cache.deleteMany(['fruit:1', 'fruit:2', 'fruit:3'])

await cache.set('fruit:1', 'apple')
await cache.get('fruit:1')
await cache.get('fruit:2')
await cache.getMany(['fruit:1', 'fruit:2', 'fruit:3'])
await cache.getOrSet('fruit:2', () => 'pear')
await cache.getOrSet('fruit:2', () => 'never called')

for (const [command, { hit, miss }] of counts) console.log(`${command}: ${hit} hits, ${miss} misses`)
await cache.close()
