import { describe, expect, it } from 'vitest'
import { ClientError, InvalidInputError, SerdeError, ServerError } from '../../../src/errors.ts'
import { raw } from '../../../src/serde/raw.ts'
import { recovers } from '../../support/recovers.ts'
import type { Context } from '../context.ts'

export function describeTools(context: Context): void {
  describe('a client', () => {
    it('tells where a key goes', () => {
      const cache = context.client()
      expect(cache.serverFor('key')).toEqual({ name: context.address(), index: 0 })
      expect(cache.hash('key')).toBe(0)
      expect(() => cache.hash('')).toThrow(InvalidInputError)
    })

    it('checks a key and gives its bytes on the wire', () => {
      const cache = context.client({ keyPrefix: 'p:' })
      expect(cache.checkKey('schlüssel').toString()).toBe('p:schlüssel')
      expect(cache.checkKey(Buffer.from([200])).at(-1)).toBe(200)
      for (const key of ['', 'k'.repeat(251), '\ud800']) expect(() => cache.checkKey(key)).toThrow(InvalidInputError)
    })

    it('serializes and deserializes as its commands do', () => {
      const cache = context.client()
      expect(cache.serialize({ a: 1 })).toEqual({ data: '{"a":1}', clientFlags: 32 })
      expect(cache.deserialize(Buffer.from('42'), 2)).toBe(42)
      expect(() => cache.serialize(undefined)).toThrow(SerdeError)
      expect(() => cache.deserialize(Buffer.from('x'), 2)).toThrow(SerdeError)
    })

    it('clones itself: same configuration, own connections, other options where they are given', async () => {
      const cache = context.client({ keyPrefix: `${context.key()}:` })
      const clone = cache.clone()
      const bytes = cache.clone({ serde: raw })
      await cache.set('a', 'text')
      expect(await clone.get('a')).toBe('text')
      expect(await bytes.get('a')).toEqual(Buffer.from('text'))
      await clone.close()
      expect(await cache.get('a')).toBe('text')
      bytes.destroy()
    })

    it('tells how its servers are', async () => {
      const cache = context.client()
      expect(cache.servers).toEqual([
        {
          name: context.address(),
          state: 'up',
          connections: { open: 0, busy: 0, idle: 0 },
          pending: 0,
          lastError: undefined,
        },
      ])
      await cache.get(context.key())
      expect(cache.servers[0]?.connections).toEqual({ open: 1, busy: 0, idle: 1 })
      const pending = [cache.get(context.key()), cache.get(context.key())]
      expect(cache.servers[0]).toMatchObject({ pending: 2, connections: { open: 1, busy: 1, idle: 0 } })
      await Promise.all(pending)
    })
  })

  describe('a pipeline', () => {
    context.itNeeds(
      'errorsAlone',
      'runs its commands in order and gives an outcome for each',
      async () => {
        const cache = context.client()
        const [key, text] = [context.key(), context.key()]
        const outcomes = await cache
          .pipeline()
          .set(key, 1)
          .incr(key, 4)
          .add(key, 9)
          .get<number>(key)
          .set(text, 'text')
          .incr(text)
          .append(text, '!')
          .get(text)
          .delete(key)
          .has(key)
          .run()
        expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 'failed'))).toEqual([
          true,
          5,
          false,
          5,
          true,
          'failed',
          true,
          'text!',
          true,
          false,
        ])
      },
      {
        title: 'gives an outcome for each command, though one that is refused takes others with it',
        test: async () => {
          const cache = context.client()
          const [key, text] = [context.key(), context.key()]
          const outcomes = await cache.pipeline().set(key, 1).set(text, 'text').incr(text).get(text).incr(key).run()
          expect(outcomes.slice(0, 2).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
          expect(outcomes[2]).toMatchObject({ status: 'rejected', reason: expect.any(ClientError) as unknown })
          for (const [at, value] of [
            [3, 'text'],
            [4, 2],
          ] as const) {
            const outcome = outcomes[at]
            if (outcome?.status === 'fulfilled') expect(outcome.value).toBe(value)
            else expect(outcome?.reason).toBeInstanceOf(ServerError)
          }
          await recovers(cache, text, 'text')
        },
      },
    )

    it('runs once', async () => {
      const pipeline = context.client().pipeline().get(context.key())
      expect(pipeline).toHaveLength(1)
      await pipeline.run()
      await expect(pipeline.run()).rejects.toBeInstanceOf(InvalidInputError)
      expect(() => pipeline.get('a')).toThrow(InvalidInputError)
    })
  })

  describe('routingKey', () => {
    it('is checked and changes nothing with one server', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 1, { routingKey: 'tenant' })
      expect(await cache.get(key, { routingKey: Buffer.from('tenant') })).toBe(1)
      await expect(cache.get(key, { routingKey: '' })).rejects.toBeInstanceOf(InvalidInputError)
    })
  })
}
