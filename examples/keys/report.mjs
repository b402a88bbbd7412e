// Counts items and bytes by the first part of their keys.
import { Memcache } from 'memlane'
import { listKeys } from 'memlane/keys'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211')
await cache.setMany(
  { 'report:user:1': 'Ada', 'report:user:2': 'Grace', 'report:page:home': '<h1>Home</h1>' },
  { ttl: 60 },
)

const groups = new Map()
for await (const { key, size } of listKeys(cache, { prefix: 'report:' })) {
  const [, name] = String(key).split(':')
  const { items, bytes } = groups.get(name) ?? { items: 0, bytes: 0 }
  groups.set(name, { items: items + 1, bytes: bytes + size })
}
for (const [name, { items, bytes }] of [...groups].toSorted(([a], [b]) => a.localeCompare(b))) {
  console.log(`${name}: ${items} items, ${bytes} bytes`)
}

await cache.close()
