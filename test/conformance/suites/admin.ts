import { describe, expect } from 'vitest'
import type { Memcache } from '../../../src/client/memcache.ts'
import {
  BatchError,
  ClientError,
  InvalidInputError,
  type MemcacheError,
  TimeoutError,
  UnknownCommandError,
} from '../../../src/errors.ts'
import { eventually, rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

/** How a reply without its end fails: on a busy machine the first of these times may pass before a connection is made. */
async function timeoutAfterSending(cache: Memcache): Promise<MemcacheError> {
  for (const timeoutMs of [100, 1000]) {
    const error = (await rejection(cache.rawCommand('version', { endToken: 'never', timeoutMs }))) as MemcacheError
    if (error.delivery !== 'not-sent') return error
  }
  return (await rejection(cache.rawCommand('version', { endToken: 'never', timeoutMs: 10_000 }))) as MemcacheError
}

export function describeAdmin(context: Context): void {
  const { itNeeds } = context

  describe('commands to servers', () => {
    itNeeds('admin', 'stats come by server, typed', async () => {
      const all = await context.client().stats()
      expect([...all.keys()]).toEqual([context.address()])
      const stats = all.get(context.address())!
      expect(stats['version']).toMatch(/^\d+\.\d+\.\d+/)
      expect(stats['curr_connections']).toBeTypeOf('number')
      expect(stats['pid']).toBeTypeOf('number')
      expect(stats['threads']).toBeTypeOf('number')
    })

    itNeeds('admin', 'stats take sub-commands, and some of them answer with one word', async () => {
      const cache = context.client()
      const settings = (await cache.stats('settings')).get(context.address())!
      expect(settings['maxbytes']).toBeTypeOf('number')
      expect(settings['cas_enabled']).toBeTypeOf('boolean')
      expect([...(await cache.stats('reset')).values()]).toEqual([{}])
      await cache.set(context.key(), 1)
      expect(Object.keys((await cache.stats('items')).get(context.address())!)).not.toEqual([])
    })

    itNeeds('admin', 'stats of one server are asked by its name', async () => {
      const cache = context.client()
      expect([...(await cache.stats({ server: context.address() })).keys()]).toEqual([context.address()])
      const error = await rejection(cache.stats('items', { server: 'elsewhere' }))
      expect(error).toBeInstanceOf(InvalidInputError)
      expect(error.message).toContain(context.address())
    })

    itNeeds('admin', 'stats that the server does not know fail with its word', async () => {
      const error = await rejection(context.client().stats('nonsense'))
      expect(error).toBeInstanceOf(BatchError)
      expect([...(error as BatchError).failed.values()][0]).toBeInstanceOf(UnknownCommandError)
    })

    itNeeds('admin', 'noreply.flushAll forgets everything and resolves to nothing', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 1)
      expect(await cache.noreply.flushAll()).toBeUndefined()
      await eventually(async () => expect(await cache.get(key)).toBeUndefined())
      expect(await rejection(cache.noreply.flushAll({ delay: -1 }))).toBeInstanceOf(InvalidInputError)
    })

    itNeeds('admin', 'flushAll forgets everything, with a delay later', async () => {
      const cache = context.client()
      const key = context.key()
      // A server without cas numbers forgets what is stored within the same second too (seen on 1.6.18).
      const keep = (value: number): Promise<void> =>
        eventually(async () => {
          await cache.set(key, value)
          expect(await cache.get(key)).toBe(value)
        })
      await keep(1)
      expect(await cache.flushAll({ delay: 1000 })).toBe(true)
      expect(await cache.get(key)).toBe(1)
      expect(await cache.flushAll()).toBe(true)
      expect(await cache.get(key)).toBeUndefined()
      await keep(2)
    })

    itNeeds('admin', 'verbosity and cacheMemlimit say true', async () => {
      const cache = context.client()
      expect(await cache.verbosity(0)).toBe(true)
      expect(await cache.cacheMemlimit(64)).toBe(true)
    })

    itNeeds('admin', 'shutdown is refused where the server does not allow it', async () => {
      const error = (await rejection(context.client().shutdown())) as BatchError
      expect(error).toBeInstanceOf(BatchError)
      expect(error.delivery).toBe('answered')
      expect(error.message).toContain('shutdown not enabled')
    })

    itNeeds('admin', 'numbers out of range reach no server', async () => {
      const cache = context.client()
      for (const call of [
        () => cache.flushAll({ delay: -1 }),
        () => cache.flushAll({ delay: 1.5 }),
        () => cache.cacheMemlimit(0),
        () => cache.verbosity(Number.NaN),
        () => cache.stats('two words'),
        () => cache.stats('line\r\nflush_all'),
      ]) {
        expect(await rejection(call())).toBeInstanceOf(InvalidInputError)
      }
    })

    itNeeds('admin', 'do not disturb commands on the shared connection', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 7)
      const mixed = Array.from({ length: 20 }, (_, at) => (at % 5 === 0 ? cache.stats() : cache.get(key)))
      const answers = await Promise.all<unknown>(mixed)
      expect(answers.filter((answer) => answer === 7)).toHaveLength(16)
    })
  })

  describe('rawCommand', () => {
    itNeeds('admin', 'gives the reply’s bytes up to the end token, whole however long', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 'x'.repeat(200_000))
      expect((await cache.rawCommand('version')).toString()).toMatch(/^VERSION .*\r\n$/)
      const reply = await cache.rawCommand(`get ${key}`, { endToken: 'END\r\n' })
      expect(reply.length).toBe(`VALUE ${key} 0 200000\r\n\r\nEND\r\n`.length + 200_000)
    })

    itNeeds('admin', 'sends a body', async () => {
      const cache = context.client()
      const key = context.key()
      expect((await cache.rawCommand(`set ${key} 0 0 5`, { body: 'hello' })).toString()).toBe('STORED\r\n')
      expect(await cache.get(key)).toBe('hello')
    })

    itNeeds('admin', 'rejects with an error line, and after its time when the end token does not come', async () => {
      const cache = context.client()
      const error = (await rejection(cache.rawCommand('bogus'))) as MemcacheError
      expect(error).toBeInstanceOf(UnknownCommandError)
      expect(error.delivery).toBe('answered')
      expect(await rejection(cache.rawCommand('incr', { endToken: 'END' }))).toSatisfy(
        (reason) => reason instanceof ClientError || reason instanceof UnknownCommandError,
      )
      const late = await timeoutAfterSending(cache)
      expect(late).toBeInstanceOf(TimeoutError)
      expect(late.delivery).toBe('unknown')
    })

    itNeeds('admin', 'refuses what would be more than one line', async () => {
      const cache = context.client()
      for (const line of ['', 'a\r\nb', 'a\nb', 'a\0b', `set ${'k'.repeat(3000)}`]) {
        expect(await rejection(cache.rawCommand(line))).toBeInstanceOf(InvalidInputError)
      }
      expect(await rejection(cache.rawCommand('version', { endToken: '' }))).toBeInstanceOf(InvalidInputError)
    })
  })
}
