import { describe, expect, it } from 'vitest'
import { ClosedError, InvalidInputError, SerdeError } from '../../../src/errors.ts'
import { collectCommandErrors } from '../../support/command-errors.ts'
import { eventually, rejection } from '../../support/eventually.ts'
import { Gate } from '../../support/gate.ts'
import { HeldLoad, notCalled } from '../../support/held-load.ts'
import { missingMetaError } from '../capabilities.ts'
import type { Context } from '../context.ts'

const placeholderFlags = 0x6d6c6b01

export function describeGetOrSet(context: Context): void {
  /** The item as it lies there, or END. */
  const lying = (key: string): Promise<string> => context.raw().ask(`get ${key}\r\n`, 'END\r\n')

  for (const lease of ['inline', 'key'] as const) {
    describe(`getOrSet, lease ${lease}`, () => {
      it('loads a value, stores it, and reads it from then on', async () => {
        const cache = context.client()
        const key = context.key()
        expect(await cache.getOrSet(key, () => ({ n: 1 }), { ttl: 100, lease })).toEqual({ n: 1 })
        expect(await cache.getOrSet(key, notCalled, { ttl: 100, lease })).toEqual({ n: 1 })
        expect(await cache.get(key)).toEqual({ n: 1 })
        expect(await lying(`${key}:lease`)).toBe('END\r\n')
      })

      it('loads once for all callers of one process, and for all processes', async () => {
        const clients = [context.client(), context.client(), context.client()]
        const key = context.key()
        const loader = new HeldLoad(['value'])
        const calls = clients.flatMap((cache) =>
          Array.from({ length: 20 }, () => cache.getOrSet(key, loader.load, { ttl: 100, lease })),
        )
        await loader.started
        loader.finish()
        expect(await Promise.all(calls)).toEqual(calls.map(() => ['value']))
        expect(loader.calls).toBe(1)
      })

      it('is a miss to plain readers while the value is being loaded', async () => {
        const [cache, reader] = [context.client(), context.client()]
        const key = context.key()
        const loader = new HeldLoad('value')
        const call = cache.getOrSet(key, loader.load, { lease })
        await loader.started
        expect(await reader.get(key)).toBeUndefined()
        expect(await reader.getMany([key])).toEqual(new Map())
        loader.finish()
        expect(await call).toBe('value')
        expect(await reader.get(key)).toBe('value')
      })

      it('gives what a set meanwhile stored precedence over what was loaded', async () => {
        const [cache, writer] = [context.client(), context.client()]
        const key = context.key()
        const loader = new HeldLoad('loaded')
        const call = cache.getOrSet(key, loader.load, { lease })
        await loader.started
        await writer.set(key, 'set')
        loader.finish()
        expect(await call).toBe('loaded')
        // Without cas numbers nobody can tell, where the place is held in the item itself.
        expect(await cache.get(key)).toBe(context.target.lacks.has('cas') && lease === 'inline' ? 'loaded' : 'set')
      })

      it('passes the error of a loader to all who waited, and lets the next one try', async () => {
        const cache = context.client()
        const key = context.key()
        const failure = new Error('the database is down')
        const gate = new Gate()
        const failing = async (): Promise<never> => {
          await gate.opened
          throw failure
        }
        const calls = Array.from({ length: 5 }, () => rejection(cache.getOrSet(key, failing, { lease })))
        gate.open()
        expect(new Set(await Promise.all(calls))).toEqual(new Set([failure]))
        expect(await lying(key)).toBe('END\r\n')
        expect(await lying(`${key}:lease`)).toBe('END\r\n')
        const synchronous = (): never => {
          throw failure
        }
        expect(await rejection(cache.getOrSet(key, synchronous, { lease }))).toBe(failure)
        expect(await cache.getOrSet(key, () => 'again', { lease })).toBe('again')
      })

      it('stores no undefined, and leaves nothing in its place', async () => {
        const cache = context.client()
        const key = context.key()
        expect(await cache.getOrSet(key, () => undefined, { lease })).toBeUndefined()
        expect(await lying(key)).toBe('END\r\n')
        expect(await lying(`${key}:lease`)).toBe('END\r\n')
        expect(await cache.getOrSet<number | undefined>(key, () => 5, { lease })).toBe(5)
      })

      it('waits no longer than waitMs, then loads too', async () => {
        const [slow, impatient] = [context.client(), context.client()]
        const key = context.key()
        const loader = new HeldLoad('slow')
        const call = slow.getOrSet(key, loader.load, { lease })
        await loader.started
        expect(await impatient.getOrSet(key, () => 'quick', { lease, waitMs: 20 })).toBe('quick')
        expect(await impatient.get(key)).toBe('quick')
        loader.finish()
        expect(await call).toBe('slow')
        if (!context.target.lacks.has('cas') || lease === 'key') expect(await slow.get(key)).toBe('quick')
      })

      it('is over at once for who aborts, and goes on for the others', async () => {
        const cache = context.client()
        const key = context.key()
        const loader = new HeldLoad('value')
        const stays = cache.getOrSet(key, loader.load, { lease })
        await loader.started
        const controller = new AbortController()
        const leaves = cache.getOrSet(key, loader.load, { lease, signal: controller.signal })
        const reason = new Error('no longer interested')
        controller.abort(reason)
        expect(await rejection(leaves)).toBe(reason)
        loader.finish()
        expect(await stays).toBe('value')
        expect(loader.calls).toBe(1)
      })

      it('tells the loader when the last caller has left, and lets others load', async () => {
        const [cache, other] = [context.client(), context.client()]
        const key = context.key()
        const controller = new AbortController()
        const started = new Gate()
        const call = cache.getOrSet(
          key,
          ({ signal }) =>
            new Promise<string>((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason as Error))
              started.open()
            }),
          { lease, signal: controller.signal },
        )
        await started.opened
        controller.abort(new Error('gone'))
        expect((await rejection(call)).message).toBe('gone')
        expect(await other.getOrSet(key, () => 'theirs', { lease })).toBe('theirs')
      })

      context.itNeeds('clock', 'elects another when the winner has died, and one only', async () => {
        const [first, second] = [context.client(), context.client()]
        const key = context.key()
        // A winner that is never heard of again.
        const dead = lease === 'inline' ? key : `${key}:lease`
        await context.raw().ask(`add ${dead} ${placeholderFlags} 10 0\r\n\r\n`)
        const loader = new HeldLoad('value')
        const calls = [first, first, second].map((cache) => cache.getOrSet(key, loader.load, { lease }))
        context.advanceSeconds(11)
        await loader.started
        loader.finish()
        expect(await Promise.all(calls)).toEqual(['value', 'value', 'value'])
        expect(loader.calls).toBe(1)
      })

      it('finishes loads before it closes', async () => {
        const [cache, reader] = [context.client(), context.client()]
        const key = context.key()
        const loader = new HeldLoad('value')
        const call = cache.getOrSet(key, loader.load, { lease })
        await loader.started
        const closed = cache.close()
        expect(await rejection(cache.getOrSet(key, notCalled, { lease }))).toBeInstanceOf(ClosedError)
        loader.finish()
        await closed
        expect(await call).toBe('value')
        expect(await reader.get(key)).toBe('value')
      })

      it('ends loads and waits when it is destroyed', async () => {
        const [cache, other] = [context.client(), context.client()]
        const key = context.key()
        const loader = new HeldLoad('value')
        const loads = cache.getOrSet(key, loader.load, { lease })
        await loader.started
        const waits = other.getOrSet(key, loader.load, { lease })
        cache.destroy()
        other.destroy()
        expect(await rejection(loads)).toBeInstanceOf(ClosedError)
        expect(await rejection(waits)).toBeInstanceOf(ClosedError)
        loader.finish()
      })
    })
  }

  describe('getOrSet', () => {
    context.itNeeds('cas', 'does not undo a delete that came while the value was being loaded', async () => {
      const [cache, writer] = [context.client(), context.client()]
      const key = context.key()
      const loader = new HeldLoad('old')
      const call = cache.getOrSet(key, loader.load)
      await loader.started
      await writer.delete(key)
      // Who asks after the delete gets what is loaded after it, in this process too.
      expect(await cache.getOrSet(key, () => 'new')).toBe('new')
      loader.finish()
      expect(await call).toBe('old')
      expect(await cache.get(key)).toBe('new')
    })

    context.itNeeds('cas', 'does not store in the place of nothing what was loaded after its lease', async () => {
      const [cache, writer] = [context.client(), context.client()]
      const key = context.key()
      const loader = new HeldLoad('late')
      const call = cache.getOrSet(key, loader.load)
      await loader.started
      await writer.delete(key)
      loader.finish()
      expect(await call).toBe('late')
      expect(await lying(key)).toBe('END\r\n')
    })

    context.itNeeds('meta', 'takes a placeholder that lasts longer than any lease for abandoned', async () => {
      const cache = context.client()
      const [renewed, endless] = [context.key(), context.key()]
      await context.raw().ask(`mg ${renewed} N1000\r\n`)
      expect(await cache.getOrSet(renewed, () => 'value')).toBe('value')
      expect(await cache.get(renewed)).toBe('value')
      await context.raw().ask(`add ${endless} ${placeholderFlags} 0 0\r\n\r\n`)
      expect(await cache.getOrSet(endless, () => 'value')).toBe('value')
      expect(await cache.get(endless)).toBe('value')
    })

    it('waits for a text client that is loading', async () => {
      const cache = context.client()
      const key = context.key()
      await context.raw().ask(`add ${key} ${placeholderFlags} 10 0\r\n\r\n`)
      const call = cache.getOrSet(key, notCalled)
      await context.raw().ask(`set ${key} 0 0 4\r\ndone\r\n`)
      expect(await call).toBe('done')
    })

    it('keeps what is loaded for its ttl, which may depend on the value', async () => {
      const cache = context.client({ defaultTtl: 40 })
      const keys = [context.key(), context.key(), context.key(), context.key(), context.key()] as const
      await cache.getOrSet(keys[0], () => 1, { ttl: 100 })
      await cache.getOrSet(keys[1], () => 200, { ttl: (value) => value })
      await cache.getOrSet(keys[2], () => 1)
      await cache.getOrSet(keys[3], () => null, { ttl: 100, emptyTtl: 300 })
      await cache.getOrSet(keys[4], () => 1, { ttl: () => undefined })
      const left = async (key: string): Promise<number> =>
        Number(/ t(-?\d+)/.exec(await context.raw().ask(`mg ${key} t\r\n`))?.[1])
      for (const [at, ttl] of [100, 200, 40, 300, 40].entries()) {
        const seconds = await left(keys[at]!)
        expect(seconds).toBeGreaterThan(ttl - 5)
        expect(seconds).toBeLessThanOrEqual(ttl)
      }
      expect(await cache.getOrSet(keys[3], notCalled)).toBeNull()
    })

    it('remembers an empty text', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.getOrSet(key, () => '')).toBe('')
      expect(await cache.getOrSet(key, notCalled)).toBe('')
      expect(await cache.get(key)).toBe('')
    })

    it('loads anew what cannot be read, and says so in an event', async () => {
      const cache = context.client()
      const events = collectCommandErrors(cache)
      const key = context.key()
      await context.raw().ask(`set ${key} 32 0 4\r\n{"a:\r\n`)
      expect(await cache.getOrSet(key, () => ({ a: 1 }))).toEqual({ a: 1 })
      expect(await cache.get(key)).toEqual({ a: 1 })
      expect(events.map(({ error }) => error.constructor)).toEqual([SerdeError])
    })

    it('takes a call’s own serde, prefixes and long keys', async () => {
      const cache = context.client({ keyPrefix: 'p:', longKeys: 'hash' })
      const key = `${context.key()}${'x'.repeat(300)}`
      const serde = {
        serialize: (value: unknown) => ({ data: String(value), clientFlags: 77 }),
        deserialize: (data: Uint8Array) => `read ${Buffer.from(data).toString()}`,
      }
      await cache.getOrSet(key, () => 'value', { serde })
      expect(await cache.getOrSet(key, notCalled, { serde })).toBe('read value')
    })

    context.itNeeds('anyByteKeys', 'takes keys of any bytes', async () => {
      const cache = context.client()
      const key = Buffer.from(`${context.key()} \0`)
      for (const lease of ['inline', 'key'] as const) {
        await cache.delete(key)
        expect(await cache.getOrSet(key, () => lease, { lease })).toBe(lease)
        expect(await cache.get(key)).toBe(lease)
      }
    })

    it('gives what was loaded as later readers get it, and with fresh as it is', async () => {
      const cache = context.client()
      const loaded = { at: new Date(0), bytes: [1] }
      const stored = { at: '1970-01-01T00:00:00.000Z', bytes: [1] }
      const key = context.key()
      expect(await cache.getOrSet<unknown>(key, () => loaded)).toEqual(stored)
      expect(await cache.getOrSet<unknown>(key, notCalled)).toEqual(stored)
      const other = context.key()
      expect(await cache.getOrSet(other, () => loaded, { fresh: 'asLoaded' })).toEqual(loaded)
      expect(await cache.get(other)).toEqual(stored)
    })

    it('rejects with what cannot be stored, and leaves nothing in its place', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await rejection(cache.getOrSet(key, () => () => 1))).toBeInstanceOf(SerdeError)
      expect(await lying(key)).toBe('END\r\n')
      expect(await rejection(cache.getOrSet(key, () => 1, { ttl: () => -1 }))).toBeInstanceOf(InvalidInputError)
      expect(await lying(key)).toBe('END\r\n')
    })

    it('gives what is too large to be stored where failures are absorbed', async () => {
      const cache = context.client({ failures: 'missReads' })
      const events = collectCommandErrors(cache)
      const key = context.key()
      expect(await rejection(cache.getOrSet(key, () => () => 1))).toBeInstanceOf(SerdeError)
      expect(await cache.getOrSet(key, context.tooLarge)).toBe(context.tooLarge())
      expect(events.length).toBe(1)
      expect(await lying(key)).toBe('END\r\n')
    })

    context.itLacks('meta', 'says of what needs the meta protocol that it does', async () => {
      const cache = context.client()
      for (const options of [{ refreshAhead: 5 }, { staleOnError: 5 }]) {
        const error = await rejection(cache.getOrSet(context.key(), notCalled, options))
        expect(error).toBeInstanceOf(missingMetaError(context.target))
        expect(error.message).toMatch(/getOrSet with (?:refreshAhead|staleOnError) .*needs the meta protocol/)
      }
      const error = await rejection(cache.invalidate(context.key(), { staleFor: 5 }))
      expect(error).toBeInstanceOf(missingMetaError(context.target))
      expect(error.message).toContain('needs the meta protocol')
    })

    it('sees what this client wrote before, whatever is under way', async () => {
      const cache = context.client()
      const key = context.key()
      const loader = new HeldLoad('loaded')
      const early = cache.getOrSet(key, loader.load)
      await loader.started
      const set = cache.set(key, 'set')
      expect(await cache.getOrSet(key, notCalled)).toBe('set')
      loader.finish()
      await Promise.all([early, set])
    })

    context.itNeeds('meta', 'leaves no item behind when it is aborted while it looks', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.connect()
      const controller = new AbortController()
      const call = cache.getOrSet(key, notCalled, { signal: controller.signal })
      controller.abort(new Error('gone'))
      expect((await rejection(call)).message).toBe('gone')
      await eventually(async () => expect(await lying(key)).toBe('END\r\n'))
    })
  })
}
