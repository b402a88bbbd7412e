// What the types of the shim have besides, and where they fit those of the original.
import type Original from 'memcached'
import type { Memcache } from 'memlane'
import Memcached, { type MemcachedCommand, type MemcachedOptions } from 'memlane/compat/memcached'

const options: MemcachedOptions = { maxQueueSize: 10, failuresTimeout: 100, debug: false }
const client = new Memcached(['a:11211'], options)
export const original: Original = client
export const memlane: Memcache = client.memlane
client.get(['a', 'b'], (_err, data) => void data['a'])
client.increment('key', 1, function (this: MemcachedCommand) {})
client.delete('key', () => client.flushAll(() => client.statsSettings(() => client.decrement('key', 1, () => {}))))
void client.HashRing.get('key')?.length
