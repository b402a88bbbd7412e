import { describe, expect, it } from 'vitest'
import type { Memcache } from '../../../../src/client/memcache.ts'
import { BatchError, type MemcacheError } from '../../../../src/errors.ts'
import { eventually, rejection } from '../../../support/eventually.ts'
import { ZoneLab } from '../../../support/zone-lab.ts'

type Call = (cache: Memcache, key: string) => Promise<unknown>

/** Calls that one zone decides, with what they give where every zone has the text `5`, and what there is then. */
const DECIDED: Readonly<Record<string, readonly [call: Call, gives: unknown, then: unknown]>> = {
  incr: [(cache, key) => cache.incr(key), 6, '6'],
  decr: [(cache, key) => cache.decr(key, 2), 3, '3'],
  'incr with returnTtl': [(cache, key) => cache.incr(key, 1, { returnTtl: true }), { value: 6, ttl: Infinity }, '6'],
  append: [(cache, key) => cache.append(key, '1'), true, '51'],
  'append with create': [(cache, key) => cache.append(key, '1', { create: {} }), true, '51'],
  prepend: [(cache, key) => cache.prepend(key, '1'), true, '15'],
  replace: [(cache, key) => cache.replace(key, 'v'), true, 'v'],
  update: [(cache, key) => cache.update(key, (value) => `${String(value)}!`), '5!', '5!'],
  pop: [(cache, key) => cache.pop(key), '5', undefined],
  'sets and cas': [
    async (cache, key) => cache.cas(key, 'w', ((await cache.sets(key, 'v')) as { cas: bigint }).cas),
    'stored',
    'w',
  ],
  'gets and cas': [async (cache, key) => cache.cas(key, 'v', (await cache.gets(key))!.cas), 'stored', 'v'],
  'getsMany and cas': [
    async (cache, key) => cache.cas(key, 'v', (await cache.getsMany([key])).get(key)!.cas),
    'stored',
    'v',
  ],
}

/** Calls that one zone decides, and that leave the item as it is. */
const REFUSED: Readonly<Record<string, readonly [call: Call, gives: unknown]>> = {
  add: [(cache, key) => cache.add(key, 'v'), false],
  'incr of what is missing': [(cache, key) => cache.incr(`no ${key}`), undefined],
  'replace of what is missing': [(cache, key) => cache.replace(`no ${key}`, 1), false],
  'append to what is missing': [(cache, key) => cache.append(`no ${key}`, 'v'), false],
  'cas with another number': [(cache, key) => cache.cas(key, 'v', 999_999n), 'exists'],
  'pop of what is missing': [(cache, key) => cache.pop(`no ${key}`), undefined],
  'an update that leaves it': [(cache, key) => cache.update(key, () => undefined), '5'],
}

describe('a command that depends on the item', () => {
  it('is decided in the primary zone, and the others forget the item', async () => {
    const lab = await ZoneLab.start({ settle: 'all' })
    for (const [key, [call, gives, then]] of Object.entries(DECIDED)) {
      await lab.cache.set(key, '5')
      expect(await call(lab.cache, key), key).toEqual(gives)
      expect(await lab.held(key), key).toEqual([undefined, then, undefined])
      expect(await lab.cache.get(key), key).toEqual(then)
    }
  })

  it('changes no zone where it changes nothing in the primary zone', async () => {
    const lab = await ZoneLab.start({ settle: 'all' })
    for (const [key, [call, gives]] of Object.entries(REFUSED)) {
      await lab.cache.set(key, '5')
      expect(await call(lab.cache, key), key).toEqual(gives)
      expect(await lab.held(key), key).toEqual(['5', '5', '5'])
    }
  })

  it('fails unsent while the primary zone is out, and changes no zone', async () => {
    const lab = await ZoneLab.start({ settle: 'all' })
    const calls = Object.entries({ ...DECIDED, ...REFUSED })
    await lab.cache.setMany(calls.map(([key]) => [key, '5']))
    await lab.cutNoticed('b')
    for (const [key, [call]] of calls) {
      const error = await rejection(call(lab.cache, key))
      const first = error instanceof BatchError ? [...error.failed.values()][0] : error
      expect(first, key).toMatchObject({ code: 'MEMLANE_SERVER_DOWN', delivery: 'not-sent' })
      expect(await lab.held(key), key).toEqual(['5', '5', '5'])
      expect(await lab.cache.get(key)).toBe('5')
    }
  })

  it('that is in doubt makes the others forget the item, too', async () => {
    const lab = await ZoneLab.start({ settle: 'all' })
    const { cache, proxies } = lab
    await cache.set('k', '5')
    proxies.b.freeze('toClient')
    expect(await rejection(cache.incr('k', 1, { timeoutMs: 50 }))).toMatchObject({ delivery: 'unknown' })
    proxies.b.thaw()
    await lab.untilHeld('k', [undefined, '6', undefined])
  })

  it('is seen by a read that was called after it', async () => {
    const { cache } = await ZoneLab.start({ settle: 'all' })
    await cache.set('k', '5')
    const [, read, batch, , later] = await Promise.all([
      cache.incr('k'),
      cache.get('k'),
      cache.getMany(['k']),
      cache.append('k', '0'),
      cache.get('k'),
    ])
    expect([read, batch.get('k'), later]).toEqual(['6', '6', '60'])
    expect(await cache.get('k')).toBe('60')
  })

  it('leaves a value alone that was stored in all zones after it', async () => {
    const lab = await ZoneLab.start({ settle: 'all' })
    const { cache } = lab
    await cache.set('k', '5')
    const [count, stored] = await Promise.all([cache.incr('k'), cache.set('k', 'later')])
    expect([count, stored]).toEqual([6, true])
    expect((await lab.held('k'))[1]).toBe('later')
    expect(await cache.get('k')).toBe('later')
  })

  it('without an answer is decided there as well', async () => {
    const lab = await ZoneLab.start({ settle: 'all' })
    await lab.cache.set('k', '5')
    await lab.cache.noreply.incr('k')
    await lab.untilHeld('k', [undefined, '6', undefined])
  })

  it('takes what only another zone has to the primary zone first, where copies are allowed', async () => {
    const lab = await ZoneLab.start({ repair: true })
    await lab.direct.c.setMany({ k: '5', l: '7', m: '9' }, { ttl: 100 })
    expect(await lab.cache.update('k', (value) => `${String(value)}!`)).toBe('5!')
    expect(await lab.held('k')).toEqual([undefined, '5!', undefined])
    expect(await lab.cache.pop('l')).toBe('7')
    expect(await lab.held('l')).toEqual([undefined, undefined, undefined])
    expect((await lab.cache.getsMany(['m', 'n'])).get('m')!.value).toBe('9')
    expect((await lab.direct.b.inspect('m'))!.ttl).toBeLessThanOrEqual(100)
  })
})

describe('a removal', () => {
  it('reaches every zone, and tells whether any of them had the item', async () => {
    const lab = await ZoneLab.start({ settle: 'all' })
    const { cache, direct } = lab
    await cache.setMany({ k: 1, l: 1 })
    await direct.c.set('far', 1)
    expect(await cache.delete('k')).toBe(true)
    expect(await cache.delete('far')).toBe(true)
    expect(await cache.delete('nowhere')).toBe(false)
    expect(await cache.deleteMany(['l', 'nowhere'])).toBe(1)
    for (const key of ['k', 'l', 'far']) expect(await lab.held(key)).toEqual([undefined, undefined, undefined])
  })

  it('marks the item stale in every zone', async () => {
    const { cache, direct } = await ZoneLab.start({ settle: 'all' })
    await cache.set('k', 'old', { ttl: 1000 })
    expect(await cache.invalidate('k', { staleFor: 100 })).toBe(true)
    for (const zone of ['a', 'b', 'c'] as const) {
      expect((await direct[zone].inspect('k'))!.ttl).toBeLessThanOrEqual(100)
      expect(await direct[zone].getOrSet('k', () => `made in ${zone}`)).toBe('old')
      await eventually(async () => expect(await direct[zone].get('k')).toBe(`made in ${zone}`))
    }
  })

  it('fails where a zone that is not out fails, and the zone forgets the item all the same', async () => {
    const lab = await ZoneLab.start({ settle: 'all' })
    const { cache, proxies } = lab
    await cache.set('k', 1)
    proxies.c.freeze('toServer')
    const error = (await rejection(cache.delete('k', { timeoutMs: 50 }))) as MemcacheError
    expect(error).toMatchObject({ code: 'MEMLANE_TIMEOUT', delivery: 'unknown', command: 'delete', key: 'k' })
    proxies.c.thaw()
    await lab.untilHeld('k', [undefined, undefined, undefined])
  })

  it('is carried out everywhere though its call was aborted', async () => {
    const lab = await ZoneLab.start({ settle: 'all' })
    const { cache, proxies } = lab
    await cache.set('k', 1)
    proxies.c.freeze('toServer')
    const aborts = new AbortController()
    const removal = rejection(cache.delete('k', { signal: aborts.signal }))
    aborts.abort(new Error('enough'))
    expect(await removal).toMatchObject({ message: 'enough' })
    proxies.c.thaw()
    await lab.untilHeld('k', [undefined, undefined, undefined])
  })
})

describe('the generation of a namespace', () => {
  it('is one number in the primary zone, and none elsewhere', async () => {
    const lab = await ZoneLab.start({ settle: 'all', repair: true })
    const { cache } = lab
    const users = cache.namespace('user:', { generations: { refreshMs: 1 } })
    await users.set('1', 'Ada')
    expect(await users.get('1')).toBe('Ada')
    const [a, b, c] = await Promise.all(
      (['a', 'b', 'c'] as const).map(
        async (zone) => (await lab.direct[zone].stats()).values().next().value!['curr_items'],
      ),
    )
    expect([a, b, c]).toEqual([1, 2, 1])
    await users.clear()
    expect(await users.get('1')).toBeUndefined()
    await lab.cutNoticed('b')
    expect(await rejection(users.clear())).toMatchObject({ code: 'MEMLANE_SERVER_DOWN', delivery: 'not-sent' })
    await users.set('2', 'Grace')
    expect(await users.get('2')).toBe('Grace')
  })
})
