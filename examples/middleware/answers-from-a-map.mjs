// Answers some keys from a Map of this process, and asks the servers for all others.
import { Memcache } from 'memlane'
import { answer } from 'memlane/middleware'

const settings = new Map([
  ['config:theme', 'dark'],
  ['config:limits', { uploads: 10 }],
])

const fromMap = (next) => ({
  dispatch(operation) {
    if (operation.isWrite || !settings.has(operation.key)) return next.dispatch(operation)
    answer(operation, { value: settings.get(operation.key) })
  },
})

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', { middleware: [fromMap] })

await cache.set('user:1', 'Ada')
console.log(await cache.get('config:theme'), await cache.get('user:1'))

const limits = await cache.get('config:limits')
limits.uploads = 0 // a copy: the Map keeps its own
console.log(await cache.getMany(['config:limits', 'user:1']))
await cache.close()
