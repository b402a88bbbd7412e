import Keyv from 'keyv'
import { Memcache } from 'memlane'
import { KeyvMemlane } from 'memlane/keyv'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211')
const users = new Keyv({ store: new KeyvMemlane(cache), namespace: 'users' })
const pages = new Keyv({ store: new KeyvMemlane(cache), namespace: 'pages' })
users.on('error', (error) => console.error('no cache:', error.message))

await users.set('ada', { name: 'Ada' }, 60_000)
await pages.set('/', '<h1>Hello</h1>', 60_000)
await pages.clear()
console.log(await users.get('ada'), await pages.get('/'))
await cache.close()
