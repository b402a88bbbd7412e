// A namespace for each customer, within one for all: each of them can be cleared by one command.
import { Memcache } from 'memlane'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211')
const shop = cache.namespace('shop:', { generations: true, ttl: 300 })
const [ada, grace] = [shop.namespace('ada:'), shop.namespace('grace:')]

const show = async () => console.log(await ada.get('cart'), await grace.get('cart'))

await ada.set('cart', 'book')
await grace.set('cart', 'pen')
await show()
await ada.clear()
await show()
await shop.clear()
await show()

await cache.close()
