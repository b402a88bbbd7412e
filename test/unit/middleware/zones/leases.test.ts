import { describe, expect, it } from 'vitest'
import { eventually, rejection, until } from '../../../support/eventually.ts'
import { ZoneLab } from '../../../support/zone-lab.ts'

const never = (): never => {
  throw new Error('must not load')
}

describe('a load', () => {
  it('is elected in the local zone, and stored there alone', async () => {
    const lab = await ZoneLab.start({ repair: true })
    let loads = 0
    const load = (): string => `value ${++loads}`
    expect(await Promise.all([lab.cache.getOrSet('k', load, { ttl: 100 }), lab.cache.getOrSet('k', load)])).toEqual([
      'value 1',
      'value 1',
    ])
    await lab.untilHeld('k', ['value 1', undefined, undefined])
    expect(await lab.cache.getOrSet('k', never)).toBe('value 1')
  })

  it('is not made where another zone has the value, which takes the place of the placeholder', async () => {
    const lab = await ZoneLab.start({ repair: true })
    await lab.direct.c.setMany({ k: { a: 1 }, l: 2 }, { ttl: 100 })
    expect(await lab.cache.getOrSet('k', never)).toEqual({ a: 1 })
    expect(await lab.held('k')).toEqual([{ a: 1 }, undefined, { a: 1 }])
    const { ttl } = (await lab.direct.a.inspect('k'))!
    expect(ttl).toBeGreaterThan(50)
    expect(ttl).toBeLessThanOrEqual(100)
    expect(await lab.cache.getOrSetMany(['k', 'l'], never)).toEqual(
      new Map<string, unknown>([
        ['k', { a: 1 }],
        ['l', 2],
      ]),
    )
  })

  it('leaves nothing behind where nothing may be copied', async () => {
    const lab = await ZoneLab.start({ repair: false })
    await lab.direct.c.set('k', 1)
    expect(await lab.cache.getOrSet('k', never)).toBe(1)
    // The placeholder is gone: the next caller is elected at once.
    await eventually(async () => expect(await lab.direct.a.add('k', 'free')).toBe(true))
  })

  it('takes no value of another zone that is stale, and leaves its token there', async () => {
    const lab = await ZoneLab.start({ repair: true, settle: 'all' })
    await lab.direct.c.set('k', 'old', { ttl: 100 })
    await lab.direct.c.invalidate('k', { staleFor: 50 })
    expect(await lab.cache.getOrSet('k', () => 'new')).toBe('new')
    // Its token is given back behind the answer.
    await lab.cache.set('behind', 1)
    expect(await lab.direct.c.getOrSet('k', () => 'made in c')).toBe('old')
    await eventually(async () => expect(await lab.direct.c.get('k')).toBe('made in c'))
  })

  it('asks the local zone alone where only failures go on', async () => {
    const lab = await ZoneLab.start({ readOn: 'error' })
    await lab.direct.c.set('k', 'far')
    expect(await lab.cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    expect(lab.proxies.c.connections).toBe(0)
  })

  it('is made, and read as a miss before, where all other zones are only written', async () => {
    const { cache, direct } = await ZoneLab.start({ primary: 'a', writeOnly: ['b', 'c'], repair: true })
    await direct.b.setMany({ k: 'far', l: 'far', m: 'far' })
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')
    expect(await cache.get('l')).toBeUndefined()
    expect(await cache.gets('l')).toBeUndefined()
    expect(await cache.getsMany(['l', 'm'])).toEqual(new Map())
    expect(await cache.getMany(['l', 'm'])).toEqual(new Map())
  })

  it('is lost to a removal in any client', async () => {
    const lab = await ZoneLab.start({ repair: true })
    let isLoading = false
    let finish!: (value: string) => void
    const loading = lab.cache.getOrSet('k', () => {
      isLoading = true
      return new Promise<string>((resolve) => (finish = resolve))
    })
    await until(() => isLoading, 'it loads')
    await lab.cache.delete('k')
    finish('loaded before the removal')
    expect(await loading).toBe('loaded before the removal')
    expect(await lab.held('k')).toEqual([undefined, undefined, undefined])
  })

  it('gives what other zones have while the local zone is out, and fails where none has it', async () => {
    const lab = await ZoneLab.start({ repair: true })
    await lab.direct.c.set('k', 1)
    await lab.cache.set('warm', 1)
    await lab.cutNoticed('a')
    expect(await lab.cache.getOrSet('k', never)).toBe(1)
    expect(await rejection(lab.cache.getOrSet('l', never))).toMatchObject({ code: 'MEMLANE_SERVER_DOWN' })
    expect(await lab.cache.getOrSet('l', () => 'loaded', { failures: 'miss' })).toBe('loaded')
  })

  it('goes on to other zones where the local zone is late, and leaves no placeholder there', async () => {
    const lab = await ZoneLab.start({ repair: true, zoneTimeoutMs: 10 })
    await lab.direct.c.set('k', 1)
    await lab.cache.getMany(['warm'])
    lab.proxies.a.freeze()
    expect(await lab.cache.getOrSet('k', never)).toBe(1)
    lab.proxies.a.thaw()
    await eventually(async () => expect(await lab.direct.a.add('k', 'free')).toBe(true))
  })
})

describe('a repair', () => {
  it('copies what another zone had, with the time that is left', async () => {
    const lab = await ZoneLab.start({ repair: true })
    await lab.direct.c.set('k', { a: 1 }, { ttl: 100 })
    await lab.direct.b.set('ever', 2)
    expect(await lab.cache.getMany(['k', 'ever', 'nowhere'])).toEqual(
      new Map<string, unknown>([
        ['k', { a: 1 }],
        ['ever', 2],
      ]),
    )
    await lab.untilHeld('k', [{ a: 1 }, undefined, { a: 1 }])
    await lab.untilHeld('ever', [2, 2, undefined])
    expect((await lab.direct.a.inspect('k'))!.ttl).toBeLessThanOrEqual(100)
    expect((await lab.direct.a.inspect('ever'))!.ttl).toBe(Infinity)
  })

  it('brings nothing back that is removed meanwhile, by this client or by another', async () => {
    const lab = await ZoneLab.start({ repair: true, settle: 'all' })
    const other = lab.cache.clone()
    for (let round = 0; round < 60; round++) {
      const key = `k${round}`
      await lab.direct.c.set(key, 'old')
      const read = lab.cache.get(key)
      for (let turn = 0; turn < round % 10; turn++) await new Promise((resolve) => setImmediate(resolve))
      await (round % 2 === 0 ? lab.cache : other).delete(key)
      await read
      expect(await lab.held(key)).toEqual([undefined, undefined, undefined])
    }
    await other.close()
  })

  it('never replaces a newer value', async () => {
    const lab = await ZoneLab.start({ repair: true, settle: 'all' })
    for (let round = 0; round < 40; round++) {
      const key = `k${round}`
      await lab.direct.c.set(key, 'old')
      const read = lab.cache.get(key)
      for (let turn = 0; turn < round % 10; turn++) await new Promise((resolve) => setImmediate(resolve))
      await lab.cache.set(key, 'new')
      await read
      expect(await lab.held(key)).toEqual(['new', 'new', 'new'])
    }
  })

  it('is none in text mode, which does not tell the time left', async () => {
    const lab = await ZoneLab.start({ repair: true }, { protocol: 'text' })
    await lab.direct.c.set('k', 1)
    expect(await lab.cache.get('k')).toBe(1)
    expect(await lab.cache.getOrSet('k', never)).toBe(1)
    expect(await lab.cache.getOrSet('l', () => 'loaded')).toBe('loaded')
    await lab.untilHeld('l', ['loaded', undefined, undefined])
    expect(await lab.cache.update('k', (value) => `${String(value)}!`)).toBe('undefined!')
    expect(await lab.cache.get('k')).toBe('undefined!')
  })
})
