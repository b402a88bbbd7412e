import { runInNewContext } from 'node:vm'
import { describe, expect, it, onTestFinished } from 'vitest'
import { MetaClient } from '../../src/client/meta/client.ts'
import { BatchError, InvalidInputError } from '../../src/errors.ts'
import { rejection, settleAll } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { startMemcached } from '../support/real-memcached.ts'

/** Bytes of another realm, where `instanceof Uint8Array` fails. */
function foreignBytes(text: string): Uint8Array {
  return runInNewContext('new Uint8Array(codes)', { codes: Array.from(Buffer.from(text)) }) as Uint8Array
}

describe('bytes of another realm', () => {
  it('are keys and values like any others', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, { ...patient, compression: { minBytes: 100 } })
    const key = foreignBytes('realm')
    expect(key).not.toBeInstanceOf(Uint8Array)
    expect(await cache.set(key, foreignBytes('bytes'))).toBe(true)
    expect(Buffer.from((await cache.get<Uint8Array>('realm'))!).toString()).toBe('bytes')
    expect(await cache.append('realm', foreignBytes(' and more'))).toBe(true)
    const read = await cache.getMany([key, 'absent'])
    expect(Buffer.from(read.get(key) as Uint8Array).toString()).toBe('bytes and more')
    const long = foreignBytes('x'.repeat(10_000))
    expect(await cache.setMany([[key, long] as const])).toEqual([])
    expect((await cache.get<Uint8Array>(key))?.length).toBe(10_000)
    await cache.noreply.set(key, foreignBytes('quiet'))
    expect(Buffer.from((await cache.get<Uint8Array>(key))!).toString()).toBe('quiet')
    expect(await cache.get('a', { routingKey: foreignBytes('r') })).toBeUndefined()
    expect(await cache.delete(key)).toBe(true)
  })

  it('are what a compression of the caller’s may give', async () => {
    await using server = await startMemcached()
    const algorithm = { compress: () => foreignBytes('small'), decompress: () => foreignBytes('"x"') }
    const cache = faultClient(server.address, { ...patient, compression: { minBytes: 10, algorithm } })
    expect(await cache.set('k', ['x'.repeat(100)])).toBe(true)
    expect(await cache.get('k')).toBe('x')
  })
})

describe('a signal that is none', () => {
  it.each([null, {}, 5, 'abort', { aborted: false }])('(%j) is refused by every call', async (value) => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, patient)
    const meta = new MetaClient(server.address, patient)
    onTestFinished(() => meta.destroy())
    const names = cache.namespace('n:')
    const options = { signal: value as unknown as AbortSignal }
    const calls: Promise<unknown>[] = [
      cache.get('a', options),
      cache.set('a', 1, options),
      cache.delete('a', options),
      cache.incr('a', 1, { ...options, initial: 1 }),
      cache.getMany(['a'], options),
      cache.setMany({ a: 1 }, options),
      cache.noreply.set('a', 1, options),
      cache.ping(options),
      cache.stats(options),
      cache.pop('a', options),
      cache.update('a', () => 1, options),
      cache.getOrSet('a', () => 1, options),
      cache.getOrSetMany(['a'], () => new Map(), options),
      cache.noreply.setMany({ a: 1 }, options),
      cache.rawCommand('version', options),
      names.get('a', options),
      names.setMany({ a: 1 }, options),
      names.noreply.delete('a', options),
      cache.namespace('g:', { generations: true }).get('a', options),
      meta.get('a', options),
      meta.execute({ command: 'mg', key: 'a' }, options),
      meta.noop(options),
      meta.flushAll(options),
      meta.pipeline().get('a').run(options),
    ]
    for (const { status, reason } of (await settleAll(calls, 5000)) as PromiseRejectedResult[]) {
      expect([status, reason]).toEqual(['rejected', expect.any(InvalidInputError)])
    }
    expect(await cache.get('a')).toBeUndefined()
  })
})

describe('null in the place of options', () => {
  it('is none, or refused, and never a TypeError', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, patient)
    const none = null as unknown as undefined
    const calls: (() => Promise<unknown>)[] = [
      () => cache.get('a', none),
      () => cache.gets('a', none),
      () => cache.has('a', none),
      () => cache.delete('a', none),
      () => cache.set('a', 1, none),
      () => cache.incr('n', 1, none),
      () => cache.touch('a', 5, none),
      () => cache.getMany(['a'], none),
      () => cache.setMany({ a: 1 }, none),
      () => cache.deleteMany(['a'], none),
      () => cache.noreply.set('a', 1, none),
    ]
    for (const call of calls) {
      const outcome = await call().catch((error: unknown) => error)
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(InvalidInputError)
    }
  })
})

describe('a batch that asks for one key as text and as bytes', () => {
  it('names both among the failed', async () => {
    const cache = faultClient('127.0.0.1:1', { connect: refuse })
    const bytes = Buffer.from('a')
    const error = (await rejection(cache.getMany(['a', bytes, 'b']))) as BatchError
    expect(error).toBeInstanceOf(BatchError)
    expect([...error.failed.keys()]).toEqual(['a', bytes, 'b'])
    expect(error.message).toContain('3 of 3')
  })
})

function refuse(): never {
  throw new Error('nobody there')
}
