import { Memcache, MemcacheError, type MemcacheOptions, type PipelineOutcome } from 'memlane'
import * as bentocache from 'memlane/bentocache'
import { chunks } from 'memlane/chunks'
import CompatMemcached from 'memlane/compat/memcached'
import { Client } from 'memlane/compat/memjs'
import { listKeys } from 'memlane/keys'
import { MetaClient } from 'memlane/meta'
import { observe } from 'memlane/middleware'
import { ketama } from 'memlane/routing'
import { json } from 'memlane/serde'
import { MemcacheSync } from 'memlane/sync'
import { tagged } from 'memlane/tags'
import { MockMemcache } from 'memlane/testing'
import { versions } from 'memlane/versions'

const options: MemcacheOptions = { chunks: chunks(), serde: json, cluster: { distribution: ketama() } }
const cache = new Memcache(['localhost:11211'], options)
cache.on('serverDown', ({ server }) => console.log(server.toUpperCase()))

export async function read(): Promise<number> {
  const user = await cache.get<{ name: string }>('user')
  const counts = await cache.getMany<number>(['a', 'b'])
  for await (const { key } of listKeys(cache, { prefix: 'a' })) console.log(key)
  const pages = tagged(cache, { prefix: 'pages:' })
  const page: string = await pages.getOrSet('home', () => 'text', { tags: ['a'], ttl: 60 })
  const pipeline = cache.pipeline()
  for (const key of ['a', 'b']) pipeline.get<string>(key)
  const outcomes: readonly PipelineOutcome<unknown>[] = await pipeline.run()
  const [named] = await cache.pipeline().get<string>('name').run()
  const name: string | undefined = named.status === 'fulfilled' ? named.value : undefined
  const bytes: Uint8Array | undefined = await cache.get<Buffer>('bytes')
  const meta = await new MetaClient('localhost:11211').get<string>('key', { returnTtl: true })
  const text: string | undefined = meta.status === 'hit' ? meta.value : undefined
  const direct: string | undefined = new MemcacheSync('localhost:11211').get<string>('key')
  const mocked: string | undefined = await new MockMemcache().get<string>('key')
  console.log(user?.name, page, outcomes.length, name, bytes?.length, text, direct, mocked, MemcacheError.name)
  return counts.get('a') ?? 0
}

export async function refused(): Promise<void> {
  // @ts-expect-error text is no list of keys
  await cache.getMany('text')
  // @ts-expect-error a ttl belongs into the options
  await cache.set('key', 1, 60)
}

export { bentocache, Client, CompatMemcached, observe, versions }
