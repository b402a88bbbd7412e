import { BentoCache, bentostore } from 'bentocache'
import { Memcache } from 'memlane'
import memlaneDriver from 'memlane/bentocache'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211')
const store = bentostore().useL2Layer(memlaneDriver(cache))
const bento = new BentoCache({ default: 'main', stores: { main: store } })

let loads = 0
const load = (id) =>
  bento.getOrSet({ key: `user:${id}`, ttl: '10m', tags: ['users'], factory: () => `user ${id}, load ${++loads}` })

console.log(await load(1))
console.log(await load(1))
await bento.deleteByTag({ tags: ['users'] })
console.log(await load(1))
await cache.close()
