import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { MetaClient } from '../../../src/client/meta/client.ts'
import type { StandardSchema } from '../../../src/client/standard-schema.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { rejection } from '../../support/eventually.ts'
import { patient } from '../../support/memcache-options.ts'
import { opaqueOf } from '../../support/peer.ts'
import { serveCommands } from '../../support/scripted-cache.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

// The reads of a key in base64 travel as mg, which takes the win token of a stale item.
const keys = ['plain', 'with space']

const throwing: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'by hand',
    validate: () => {
      throw new Error('broken')
    },
  },
}

let server: MemcachedServer
let cache: Memcache
let meta: MetaClient

beforeEach(async () => {
  server = await MemcachedServer.start()
  cache = new Memcache(server.address, patient)
  meta = new MetaClient(server.address, patient)
})

afterEach(async () => {
  cache.destroy()
  meta.destroy()
  await server.close()
})

describe.each(keys)('the win token of a stale item, key %j', (key) => {
  beforeEach(async () => {
    await cache.set(key, 'old')
    await cache.invalidate(key, { staleFor: 100 })
  })

  it.each([
    ['throws', () => Promise.reject(new Error('no'))],
    ['leaves it as it is', () => undefined],
    ['gives what cannot be stored', () => Symbol('none')],
  ])('is back after an update whose function %s', async (_what, change) => {
    await cache.update(key, change).catch(() => undefined)
    expect(await meta.get(key)).toMatchObject({ won: true, value: 'old' })
  })

  it('is back after an update that was aborted while its function ran', async () => {
    const controller = new AbortController()
    const change = (): string => {
      controller.abort(new Error('gone'))
      return 'new'
    }
    expect((await rejection(cache.update(key, change, { signal: controller.signal }))).message).toBe('gone')
    expect(await meta.get(key)).toMatchObject({ won: true, value: 'old' })
  })

  it('is back after a getOrSet whose schema throws', async () => {
    const broken = cache.namespace('', { schema: throwing })
    expect((await rejection(broken.getOrSet(key, () => 'new'))).message).toBe('broken')
    expect(await meta.get(key)).toMatchObject({ won: true, value: 'old' })
  })

  it('is back after a pop of a value that was dropped', async () => {
    await meta.invalidate(key, { ttl: 100, dropValue: true })
    expect(await cache.pop(key)).toBeUndefined()
    expect(await meta.get(key)).toMatchObject({ won: true })
  })

  it('is back after a pop of a value that cannot be read', async () => {
    await meta.set(key, '{', { clientFlags: 32, ttl: 100 })
    await meta.invalidate(key)
    expect((await rejection(cache.pop(key))).name).toBe('SerdeError')
    expect(await meta.get(key, { value: false })).toMatchObject({ won: true })
  })
})

it('touch tells every placeholder from an empty value by its own reply', async () => {
  const replies = ['HD c1 s0 f1835821825', 'HD c1 s0 f0 Z', 'HD c1 s0 f0', 'HD c1 s5 f0']
  const lines: string[] = []
  await using scripted = await ScriptedServer.startReady((peer) =>
    serveCommands(peer, (command) => {
      lines.push(command.line.replace(/ O\d+/, ''))
      return `${replies[lines.length - 1]}${opaqueOf(command)}\r\n`
    }),
  )
  const client = new Memcache(scripted.address, patient)
  const touched: boolean[] = []
  for (const _reply of replies) touched.push(await client.touch('k', 9))
  expect(touched).toEqual([false, false, true, true])
  expect(lines).toEqual(replies.map(() => 'mg k T9 c s f'))
  client.destroy()
})
