import { describe, expect, it } from 'vitest'
import { SerdeError } from '../../../../src/errors.ts'
import { eventually, rejection, until } from '../../../support/eventually.ts'
import { ownClient, ZoneLab } from '../../../support/zone-lab.ts'

describe('a read', () => {
  it('is answered by the local zone alone while that has the item', async () => {
    const lab = await ZoneLab.start()
    const { cache, direct, proxies } = lab
    await direct.a.setMany({ k: 'a', l: 'a' })
    await direct.b.setMany({ k: 'b', l: 'b' })
    expect(await cache.get('k')).toBe('a')
    expect(await cache.getMany(['k', 'l'])).toEqual(
      new Map([
        ['k', 'a'],
        ['l', 'a'],
      ]),
    )
    expect(await cache.has('k')).toBe(true)
    expect((await cache.inspect('k'))!.size).toBe(1)
    expect([proxies.b.connections, proxies.c.connections]).toEqual([0, 0])
    expect(cache.zones).toMatchObject([{ name: 'a', reads: 5, farReads: 0 }, { name: 'b', reads: 0 }, { farReads: 0 }])
  })

  it('that the local zone misses goes to all others at a time, key by key', async () => {
    const lab = await ZoneLab.start()
    const { cache, direct } = lab
    await direct.a.set('here', 'a')
    await direct.b.set('there', 'b')
    await direct.c.set('far', 'c')
    expect(await cache.getMany(['far', 'nowhere', 'here', 'there'])).toEqual(
      new Map([
        ['far', 'c'],
        ['here', 'a'],
        ['there', 'b'],
      ]),
    )
    expect(await cache.get('far')).toBe('c')
    expect(await cache.has('far')).toBe(true)
    expect((await cache.inspect('far'))!.size).toBe(1)
    expect(await cache.get('nowhere')).toBeUndefined()
    expect(await cache.get('nowhere', { default: 0 })).toBe(0)
    expect(lab.status('b').farReads).toBe(8)
    expect(lab.status('c').farReads).toBe(8)
  })

  it('that the local zone misses is a miss where only failures go on', async () => {
    const { cache, direct, proxies } = await ZoneLab.start({ readOn: 'error' })
    await direct.b.setMany({ k: 'b', l: 'b' })
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getMany(['k', 'l'])).toEqual(new Map())
    expect(proxies.b.connections).toBe(0)
    await proxies.a.refuse()
    proxies.a.reset()
    await until(() => cache.servers[0]!.connections.open === 0, 'the connection is lost')
    expect(await cache.get('k')).toBe('b')
    expect(await cache.getMany(['k', 'l', 'm'])).toEqual(
      new Map([
        ['k', 'b'],
        ['l', 'b'],
      ]),
    )
  })

  it('that the local zone fails goes on, and is a miss where any zone that answers has missed', async () => {
    const lab = await ZoneLab.start()
    const { cache, direct } = lab
    await direct.c.set('k', 'c')
    await cache.get('warm')
    await lab.cut('a')
    expect(await cache.get('k')).toBe('c')
    expect(await cache.get('l')).toBeUndefined()
    await lab.cut('b')
    expect(await cache.get('l')).toBeUndefined()
    expect(await cache.getMany(['k', 'l'])).toEqual(new Map([['k', 'c']]))
    await lab.cut('c')
    expect(await rejection(cache.get('l'))).toMatchObject({ command: 'get', key: 'l' })
  })

  it('that the local zone does not answer in time goes on, alone and in a batch', async () => {
    const lab = await ZoneLab.start({ zoneTimeoutMs: 10 })
    const { cache, direct, proxies } = lab
    await cache.setMany({ k: 1, l: 2 })
    await eventually(async () => expect(await direct.c.get('l')).toBe(2))
    proxies.a.freeze()
    expect(await cache.get('k')).toBe(1)
    expect(await cache.has('k')).toBe(true)
    expect(await cache.getMany(['k', 'l'])).toEqual(
      new Map([
        ['k', 1],
        ['l', 2],
      ]),
    )
    expect(lab.status('a').reads).toBe(4)
    proxies.a.thaw()
    expect(await cache.get('k')).toBe(1)
  })

  it('waits for the local zone where no other has the item', async () => {
    const { cache, direct, proxies } = await ZoneLab.start({ zoneTimeoutMs: 10 })
    await cache.get('warm')
    await direct.a.set('k', 'a')
    proxies.a.freeze()
    const late = [cache.get('k'), cache.getMany(['k', 'l'])]
    // Both others have missed.
    await until(() => cache.zones[2]!.farReads === 4, 'all others were asked')
    await cache.set('all others have', 'answered')
    proxies.a.thaw()
    expect(await Promise.all(late)).toEqual(['a', new Map([['k', 'a']])])
  })

  it('leaves out zones that are only written', async () => {
    const { cache, direct, proxies } = await ZoneLab.start({ writeOnly: ['c'] })
    await direct.c.set('k', 'c')
    expect(await cache.get('k')).toBeUndefined()
    expect(proxies.c.connections).toBe(0)
    await cache.set('l', 1)
    await eventually(async () => expect(await direct.c.get('l')).toBe(1))
    expect(await cache.delete('l')).toBe(true)
    expect(await direct.c.get('l')).toBeUndefined()
  })

  it('fails where the local zone has the item and it cannot be read: that is its answer', async () => {
    const { cache, direct } = await ZoneLab.start()
    await direct.a.set('k', Buffer.from('{'), { clientFlags: 32 })
    await direct.b.set('k', 'well')
    expect(await rejection(cache.get('k'))).toBeInstanceOf(SerdeError)
  })

  it('leaves by its signal, whatever zone is asked', async () => {
    const { cache, proxies } = await ZoneLab.start({ zoneTimeoutMs: 10 })
    await cache.set('k', 1)
    for (const zone of ['a', 'b', 'c'] as const) proxies[zone].freeze()
    const aborts = new AbortController()
    const reads = [
      rejection(cache.get('k', { signal: aborts.signal })),
      rejection(cache.getMany(['k', 'l'], { signal: aborts.signal })),
    ]
    await until(() => cache.zones[1]!.farReads === 3, 'the others were asked')
    aborts.abort(new Error('enough'))
    expect(await Promise.all(reads)).toMatchObject([{ message: 'enough' }, { message: 'enough' }])
  })

  it('renews in all zones what it reads and renews', async () => {
    const { cache, direct } = await ZoneLab.start()
    await cache.set('k', 1, { ttl: 50 })
    await direct.c.set('far', 2, { ttl: 50 })
    expect(await cache.gat('k', 500)).toBe(1)
    expect(await cache.gat('far', 500)).toBe(2)
    expect(await cache.gat('nowhere', 500)).toBeUndefined()
    for (const zone of ['a', 'b', 'c'] as const) {
      await eventually(async () => expect((await direct[zone].inspect('k'))!.ttl).toBeGreaterThan(400))
    }
    expect((await direct.c.inspect('far'))!.ttl).toBeGreaterThan(400)
  })

  it('works with other clients as zones, which keep their own options', async () => {
    const { servers } = await ZoneLab.start()
    const { zones } = await import('../../../../src/client/zones.ts')
    const other = ownClient(servers.b.address, { keyPrefix: 'not used' })
    const cache = ownClient(servers.a.address, {
      keyPrefix: 'p:',
      zones: zones({ local: 'a', primary: 'a', others: { b: other } }),
    })
    await cache.set('k', 1)
    await eventually(async () => expect(await ownClient(servers.b.address, {}).get('p:k')).toBe(1))
    await ownClient(servers.b.address, {}).set('p:l', 2)
    expect(await cache.get('l')).toBe(2)
    await cache.close()
    expect(await other.version()).toHaveProperty('size', 1)
  })
})

describe('a key that a zone is to delete', () => {
  it('is not read there by an answer that comes before the deletion', async () => {
    const lab = await ZoneLab.start({ readOn: 'error' })
    const { cache, proxies } = lab
    await cache.setMany({ k: 'old', l: 'old' })
    await until(() => cache.zones.every(({ state }) => state === 'up'), 'all are up')
    // The next connection to the local zone waits for its handshake, and all commands with it.
    proxies.a.freeze()
    proxies.a.reset()
    await until(() => cache.servers[0]!.connections.open === 0, 'the connection is lost')
    const written = Promise.all([cache.set('k', 'new', { timeoutMs: 400 }), cache.set('l', 'new', { timeoutMs: 400 })])
    expect(await written).toEqual([true, true])
    // Between the writes, which are given up before they are sent, and the deletions.
    const read = cache.get('k')
    const batch = cache.getMany(['k', 'l'])
    await until(() => lab.status('a').failedWrites === 2, 'the writes were given up')
    expect(lab.status('a')).toMatchObject({ state: 'up', outdatedKeys: 2 })
    proxies.a.thaw()
    expect(await read).not.toBe('old')
    expect([...(await batch).values()]).not.toContain('old')
    await eventually(() => expect(lab.status('a').outdatedKeys).toBe(0))
    expect(await lab.held('k')).toEqual([undefined, 'new', 'new'])
  })
})
