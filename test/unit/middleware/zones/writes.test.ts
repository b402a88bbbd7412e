import { describe, expect, it } from 'vitest'
import type { WriteFailedEvent } from '../../../../src/client/events.ts'
import type { MemcacheError } from '../../../../src/errors.ts'
import { eventually, rejection, until } from '../../../support/eventually.ts'
import { ZoneLab } from '../../../support/zone-lab.ts'

describe('a write', () => {
  it('goes to all zones', async () => {
    const { cache, direct, ...lab } = await ZoneLab.start()
    expect(await cache.set('k', { a: 1 }, { ttl: 100 })).toBe(true)
    await cache.setMany({ l: 2, m: 3 })
    await eventually(async () => {
      for (const zone of ['a', 'b', 'c'] as const) {
        expect(await direct[zone].getMany(['k', 'l', 'm'])).toEqual(
          new Map<string, unknown>([
            ['k', { a: 1 }],
            ['l', 2],
            ['m', 3],
          ]),
        )
        expect((await direct[zone].inspect('k'))!.ttl).toBeGreaterThan(90)
      }
    })
    expect(await cache.touch('k', 1000)).toBe(true)
    await eventually(async () => {
      for (const zone of ['a', 'b', 'c'] as const) expect((await direct[zone].inspect('k'))!.ttl).toBeGreaterThan(900)
    })
    expect(lab.events).toEqual([])
  })

  it.each([
    ['local', ['b', 'c'], ['a']],
    ['one', ['a', 'c'], ['a', 'b', 'c']],
    ['quorum', ['c'], ['b', 'c']],
    ['all', [], ['c']],
  ] as const)(
    'that settles with %s waits for no more zones than that, and for no fewer',
    async (settle, spared, needed) => {
      const { cache, direct, proxies } = await ZoneLab.start({ settle })
      await cache.setMany({ k: 'old', l: 'old' })
      for (const zone of spared) proxies[zone].freeze('toClient')
      expect(await cache.set('k', 'new')).toBe(true)
      for (const zone of spared) proxies[zone].thaw()
      for (const zone of needed) proxies[zone].freeze('toClient')
      let isSettled = false
      const waiting = cache.set('l', 'new').finally(() => (isSettled = true))
      // Every zone has it, and its answer is on the way to the proxy or past it.
      for (const zone of ['a', 'b', 'c'] as const) {
        await eventually(async () => expect(await direct[zone].get('l')).toBe('new'))
      }
      expect(isSettled).toBe(false)
      for (const zone of needed) proxies[zone].thaw()
      expect(await waiting).toBe(true)
    },
  )

  it('keeps its bytes, though the caller uses them again before every zone has them', async () => {
    const { cache, direct, proxies } = await ZoneLab.start({ settle: 'local' })
    const bytes = Buffer.from('first')
    // Zone c is not connected yet: its write waits for the handshake.
    proxies.c.freeze()
    await cache.set('k', bytes)
    bytes.fill('x')
    proxies.c.thaw()
    await eventually(async () => expect(await direct.c.get('k')).toEqual(Buffer.from('first')))
  })

  it('does not count zones that are out, and succeeds while one is left', async () => {
    const lab = await ZoneLab.start({ settle: 'all' })
    const { cache } = lab
    await cache.set('k', 'old')
    await lab.cutNoticed('b')
    await lab.cutNoticed('c')
    expect(await cache.set('k', 'new')).toBe(true)
    expect(await lab.held('k')).toEqual(['new', 'old', 'old'])
    await lab.cutNoticed('a')
    const error = (await rejection(cache.set('k', 'newer'))) as MemcacheError
    expect(error).toMatchObject({ code: 'MEMLANE_SERVER_DOWN', delivery: 'not-sent', command: 'set', key: 'k' })
  })

  it('tells which zone did not take it, and counts that', async () => {
    const lab = await ZoneLab.start()
    const { cache } = lab
    const told: WriteFailedEvent[] = []
    cache.on('writeFailed', (event) => told.push(event))
    await cache.set('k', 1)
    await lab.cut('c')
    await cache.set('k', 2)
    await until(() => told.length === 1, 'it was told')
    expect(told[0]).toMatchObject({ key: 'k', command: 'set', zone: 'c', server: lab.proxies.c.address })
    expect(lab.status('c')).toMatchObject({ failedWrites: 1, outdatedKeys: 1 })
    expect(lab.status('a')).toMatchObject({ failedWrites: 0, outdatedKeys: 0 })
  })

  it('that fails never says that it was not sent where another zone may have it', async () => {
    const lab = await ZoneLab.start({ settle: 'local' })
    const { cache } = lab
    await lab.cache.set('k', 'old')
    lab.proxies.a.freeze()
    const error = (await rejection(cache.set('k', 'new', { timeoutMs: 50 }))) as MemcacheError
    expect(error.delivery).toBe('unknown')
  })

  it('without an answer goes to all zones as well', async () => {
    const { cache, ...lab } = await ZoneLab.start()
    await cache.noreply.set('k', 1)
    await eventually(async () => expect(await lab.direct.c.get('k')).toBe(1))
    await cache.noreply.delete('k')
    await eventually(async () => expect(await lab.direct.c.get('k')).toBeUndefined())
  })

  it('is refused before anything is sent where the call is wrong', async () => {
    const { cache, proxies } = await ZoneLab.start()
    expect(await rejection(cache.set('k', 1, { ttl: 1.5 }))).toMatchObject({ code: 'MEMLANE_INVALID_INPUT' })
    expect([proxies.a.connections, proxies.b.connections]).toEqual([0, 0])
  })
})

describe('a zone that comes back', () => {
  it('has forgotten what was written and deleted meanwhile, before it is read again', async () => {
    const lab = await ZoneLab.start()
    const { cache } = lab
    await cache.setMany({ k: 'old', deleted: 'old', untouched: 'old' })
    await lab.cutNoticed('a')
    await cache.set('k', 'new')
    expect(await cache.delete('deleted')).toBe(true)
    expect([await cache.get('k'), await cache.get('deleted')]).toEqual(['new', undefined])
    expect(await lab.held('k')).toEqual(['old', 'new', 'new'])
    await lab.heal('a')
    expect(await lab.held('k')).toEqual([undefined, 'new', 'new'])
    expect(await lab.held('deleted')).toEqual([undefined, undefined, undefined])
    expect(await lab.held('untouched')).toEqual(['old', 'old', 'old'])
    expect(lab.events).toEqual(['down a', 'up a'])
    expect(lab.status('a')).toMatchObject({ state: 'up', outdatedKeys: 0 })
  })

  it('has forgotten a value whose write timed out, though its server never counted as out', async () => {
    const lab = await ZoneLab.start()
    const { cache, proxies } = lab
    await cache.set('k', 'old')
    proxies.c.freeze()
    await cache.set('k', 'new', { timeoutMs: 400 })
    await until(() => lab.status('c').failedWrites === 1, 'it timed out')
    proxies.c.thaw()
    // The late write is carried out first, and then the removal of what may not have come.
    await eventually(() => expect(lab.status('c').outdatedKeys).toBe(0))
    expect(await lab.held('k')).toEqual(['new', 'new', undefined])
    expect(lab.events).toEqual([])
  })

  it('tells once that more was written meanwhile than is remembered, with the name of the zone', async () => {
    const lab = await ZoneLab.start({}, { cluster: { retryAttempts: 0, retryTimeoutMs: 20, rejoin: { maxKeys: 3 } } })
    const { cache } = lab
    await cache.set('k', 1)
    await lab.cutNoticed('a')
    for (let at = 0; at < 9; at++) await cache.set(`k${at}`, at)
    expect(lab.events).toEqual(['down a', 'overflow a'])
  })

  it('is told of by an error, and by the time that it was out', async () => {
    const lab = await ZoneLab.start()
    const told: unknown[] = []
    lab.cache.on('zoneDown', (event) => told.push(event))
    lab.cache.on('zoneUp', (event) => told.push(event))
    await lab.cache.set('k', 1)
    await lab.cutNoticed('b')
    await lab.cache.set('k', 2)
    await lab.heal('b')
    expect(told).toMatchObject([
      { zone: 'b', error: expect.any(Error) as unknown },
      { zone: 'b', downMs: expect.any(Number) as unknown, removedKeys: expect.any(Number) as unknown },
    ])
  })
})
