import { describe, expect, it } from 'vitest'
import { raw } from '../../../src/serde/raw.ts'
import { rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

/** Calls with a ttl among their options: a number in the place of the options was meant as one. */
const TAKE_TTL: ReadonlySet<string> = new Set(
  'set add replace setMany addMany cas getOrSet getOrSetMany update incr decr'.split(' '),
)

export function describeCallOptions(context: Context): void {
  describe('options of a call', () => {
    it('default replaces a miss, not a stored null', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.get(key, { default: 'none' })).toBe('none')
      await cache.set(key, null)
      expect(await cache.get(key, { default: 'none' })).toBeNull()
    })

    it('clientFlags override those of the serde', async () => {
      const key = context.key()
      await context.client().set(key, 'abc', { clientFlags: 4_294_967_295 })
      expect(await context.raw().ask(`mg ${key} f s\r\n`)).toBe('HD f4294967295 s3\r\n')
    })

    it('serde replaces the client’s, for reads and writes', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, Buffer.from('{"a":1}'), { serde: raw, clientFlags: 32 })
      expect(await cache.get(key)).toEqual({ a: 1 })
      expect(Buffer.from((await cache.get(key, { serde: raw })) as Uint8Array).toString()).toBe('{"a":1}')
    })

    it('signal that was aborted before rejects with its reason', async () => {
      const cache = context.client()
      const reason = new Error('changed my mind')
      const signal = AbortSignal.abort(reason)
      const key = context.key()
      expect(await rejection(cache.set(key, 1, { signal }))).toBe(reason)
      expect(await rejection(cache.get(key, { signal }))).toBe(reason)
      expect(await cache.get(key)).toBeUndefined()
    })

    it('signal that is never aborted changes nothing', async () => {
      const cache = context.client()
      const { signal } = new AbortController()
      const key = context.key()
      expect(await cache.set(key, 1, { signal, timeoutMs: 5000 })).toBe(true)
      expect(await cache.get(key, { signal })).toBe(1)
      expect((await cache.getMany([key], { signal })).get(key)).toBe(1)
    })

    it('that the command does not have are refused, and what is no object of options', async () => {
      const cache = context.client()
      const key = context.key()
      const wrong = 60 as never
      const unheardOf = { colour: 60 } as never
      const entries = { [key]: 1 }
      const calls: Readonly<Record<string, (options: never) => Promise<unknown>>> = {
        get: (options) => cache.get(key, options),
        gets: (options) => cache.gets(key, options),
        gat: (options) => cache.gat(key, 5, options),
        gats: (options) => cache.gats(key, 5, options),
        has: (options) => cache.has(key, options),
        inspect: (options) => cache.inspect(key, options),
        getMany: (options) => cache.getMany([key], options),
        getsMany: (options) => cache.getsMany([key], options),
        set: (options) => cache.set(key, 1, options),
        add: (options) => cache.add(key, 1, options),
        replace: (options) => cache.replace(key, 1, options),
        append: (options) => cache.append(key, 'a', options),
        prepend: (options) => cache.prepend(key, 'a', options),
        setMany: (options) => cache.setMany(entries, options),
        addMany: (options) => cache.addMany(entries, options),
        cas: (options) => cache.cas(key, 1, 1n, options),
        delete: (options) => cache.delete(key, options),
        deleteMany: (options) => cache.deleteMany([key], options),
        pop: (options) => cache.pop(key, options),
        getOrSet: (options) => cache.getOrSet(key, () => 1, options),
        getOrSetMany: (options) => cache.getOrSetMany([key], () => new Map([[key, 1]]), options),
        update: (options) => cache.update(key, () => 1, options),
        invalidate: (options) => cache.invalidate(key, options),
        touch: (options) => cache.touch(key, 5, options),
        incr: (options) => cache.incr(key, 1, options),
        decr: (options) => cache.decr(key, 1, options),
        incrMany: (options) => cache.incrMany([key], 1, options),
        version: (options) => cache.version(options),
        ping: (options) => cache.ping(options),
        flushAll: (options) => cache.flushAll(options),
        cacheMemlimit: (options) => cache.cacheMemlimit(64, options),
        verbosity: (options) => cache.verbosity(1, options),
        shutdown: (options) => cache.shutdown(options),
        rawCommand: (options) => cache.rawCommand('version', options),
      }
      const users = cache.namespace(key, { ttl: 60 })
      const inNamespace: typeof calls = {
        get: (options) => users.get('a', options),
        gets: (options) => users.gets('a', options),
        getMany: (options) => users.getMany(['a'], options),
        set: (options) => users.set('a', 1, options),
        setMany: (options) => users.setMany({ a: 1 }, options),
        deleteMany: (options) => users.deleteMany(['a'], options),
        delete: (options) => users.delete('a', options),
        getOrSet: (options) => users.getOrSet('a', () => 1, options),
        getOrSetMany: (options) => users.getOrSetMany(['a'], () => new Map([['a', 1]]), options),
        update: (options) => users.update('a', () => 1, options),
        incr: (options) => users.incr('a', 1, options),
      }
      for (const [name, call] of [...Object.entries(calls), ...Object.entries(inNamespace)]) {
        const notAnObject = await rejection(call(wrong))
        expect(notAnObject, name).toMatchObject({ code: 'MEMLANE_INVALID_INPUT', delivery: 'not-sent' })
        expect(String(notAnObject), name).toContain('must be an object, got 60')
        if (TAKE_TTL.has(name)) expect(String(notAnObject), name).toContain(': ttl goes into options: { ttl: 60 }')
        const withCallback = String(await rejection(call((() => {}) as never)))
        expect(withCallback, name).toContain('calls take no callback')
        // Where others take the time to live.
        expect(String(await rejection(call(new Date() as never))), name).toContain('must be an object, got')
        const unknown = await rejection(call(unheardOf))
        expect(unknown, name).toMatchObject({ code: 'MEMLANE_INVALID_INPUT', delivery: 'not-sent' })
        expect(String(unknown), name).toContain(`${name} has no option "colour"; it has signal, timeoutMs`)
      }
      expect(await cache.get(key)).toBeUndefined()
    })

    it('that are undefined are left out', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.set(key, 1, { expires: undefined } as never)).toBe(true)
      expect(await cache.get(key, { default: undefined })).toBe(1)
    })

    it('signal of one call leaves the others alone', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 1)
      const controller = new AbortController()
      const calls = [cache.get(key), cache.get(key, { signal: controller.signal }), cache.get(key)]
      controller.abort(new Error('stop'))
      const [first, second, third] = await Promise.allSettled(calls)
      expect(first).toMatchObject({ value: 1 })
      expect(second).toMatchObject({ reason: { message: 'stop' } })
      expect(third).toMatchObject({ value: 1 })
    })
  })
}
