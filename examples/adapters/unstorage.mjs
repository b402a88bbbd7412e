import { Memcache } from 'memlane'
import memlaneDriver from 'memlane/unstorage'
import { createStorage } from 'unstorage'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211')
const storage = createStorage({ driver: memlaneDriver({ cache, base: 'app' }) })
storage.mount('pages', memlaneDriver({ cache, base: 'pages', ttl: 3600 }))

await storage.setItem('user:1', { name: 'Ada' })
await storage.setItem('pages:home', '<h1>Hello</h1>', { ttl: 60 })
await storage.clear('pages')
console.log(await storage.getItem('user:1'), await storage.getItem('pages:home'))
await cache.close()
