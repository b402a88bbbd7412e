// What the types of the shim have besides.
import type { Memcache } from 'memlane'
import { Client, type MemjsCount, type MemjsItem, type SuccessCallback } from 'memlane/compat/memjs'

const client = Client.create('a:11211')
export const memlane: Memcache = client.memlane
export const item: Promise<MemjsItem<Buffer | null>> = client.get('key')
export const count: Promise<MemjsCount> = client.increment('n', 1)
const done: SuccessCallback = () => {}
client.set('key', 'x', done)
