import { describe, expect, it } from 'vitest'
import { Operation } from '../../../src/protocol/operation.ts'
import type { Request } from '../../../src/protocol/request.ts'
import { rejection, until } from '../../support/eventually.ts'
import { Lab } from './lab.ts'

const touch: Request = { command: 'touch', exptime: 100 }
const gat: Request = { command: 'gat', exptime: 100 }
const append: Request = { command: 'append', data: '!', bytes: 1, clientFlags: 0, exptime: 0, cas: 0n }

describe('a server that is back', () => {
  it('has forgotten what was written elsewhere meanwhile: no own write comes back stale', async () => {
    const lab = await Lab.start()
    await lab.set('a1', 'old')
    await lab.set('a2', 'untouched')
    await lab.fail('a')
    await lab.set('a1', 'new')
    await lab.recover('a')
    expect(await lab.held('a', 'a1')).toBeUndefined()
    expect(await lab.get('a1')).toBe('miss')
    expect(await lab.get('a2')).toBe('untouched')
  })

  it.each<[what: string, carryOut: (lab: Lab) => Promise<unknown>]>([
    ['deleted', (lab) => lab.delete('a1')],
    ['touched', (lab) => lab.run(touch, 'a1')],
    ['read and touched', (lab) => lab.run(gat, 'a1')],
    ['extended', (lab) => lab.run(append, 'a1')],
    ['counted', (lab) => lab.run({ command: 'incr', delta: 1n }, 'a1')],
    ['invalidated', (lab) => lab.run({ command: 'md', flags: { invalidate: true } }, 'a1')],
    ['leased', (lab) => lab.run({ command: 'mg', flags: { vivify: 10 } }, 'a1')],
  ])('has forgotten what was %s elsewhere', async (_what, carryOut) => {
    const lab = await Lab.start()
    await lab.set('a1', 'old')
    await lab.fail('a')
    await carryOut(lab)
    await lab.recover('a')
    expect(await lab.get('a1')).toBe('miss')
  })

  it('keeps what was only read elsewhere', async () => {
    const lab = await Lab.start()
    await lab.set('a1', 'old')
    await lab.fail('a')
    expect(await lab.get('a1')).toBe('miss')
    expect(await lab.run({ command: 'gets' }, 'a1')).toBe('miss')
    await lab.recover('a')
    expect(await lab.get('a1')).toBe('old')
  })

  it('leaves no copy where its keys were meanwhile: none comes back stale when it is out again', async () => {
    const lab = await Lab.start()
    await lab.fail('a')
    await lab.set('a1', 'first outage')
    await lab.recover('a')
    await lab.set('a1', 'between')
    await lab.fail('a')
    expect(await lab.get('a1')).toBe('miss')
  })

  it('leaves no copy with a stand-in that is out itself by then', async () => {
    const lab = await Lab.start({ names: ['a', 'b', 'c'] })
    await lab.fail('a')
    await lab.set('a1', 'on b')
    await lab.fail('b')
    await lab.set('a1', 'on c')
    await lab.recover('a')
    await lab.recover('b')
    for (const name of ['a', 'b', 'c']) expect(await lab.held(name, 'a1')).toBeUndefined()
  })

  it('leaves no copy in the gutter', async () => {
    const lab = await Lab.start({ names: ['a', 'b'], gutter: ['g'], options: { failover: 'gutter' } })
    await lab.set('a1', 'old')
    await lab.fail('a')
    await lab.set('a1', 'new')
    await lab.recover('a')
    expect(await lab.held('g', 'a1')).toBeUndefined()
    expect(await lab.get('a1')).toBe('miss')
  })

  it('has every key removed before the first command, however many there are', async () => {
    const lab = await Lab.start({ connections: 3 })
    const keys = Array.from({ length: 5000 }, (_, at) => `a${at}`)
    await Promise.all(keys.map((key) => lab.set(key, 'old')))
    await lab.fail('a')
    await Promise.all(keys.map((key) => lab.set(key, 'new')))
    lab.heal('a')
    lab.clock.advance(1000)
    const seen = new Set<unknown>()
    while (lab.state('a') !== 'up') seen.add(await lab.get('a4999'))
    for (const value of await Promise.all(keys.map((key) => lab.get(key)))) seen.add(value)
    expect(seen).toEqual(new Set(['new', 'miss']))
    expect(lab.events).toEqual([])
  })

  it('comes back while writes for its keys keep coming, and serves none of the old ones', async () => {
    const lab = await Lab.start()
    const keys = Array.from({ length: 3000 }, (_, at) => `a${at}`)
    await Promise.all(keys.map((key) => lab.set(key, 'old')))
    await lab.fail('a')
    lab.heal('a')
    lab.clock.advance(1000)
    const seen = new Set<unknown>()
    for (let at = 0; lab.state('a') !== 'up'; at = (at + 50) % keys.length) {
      const some = keys.slice(at, at + 50)
      await Promise.all(some.map((key) => lab.set(key, 'new')))
      for (const value of await Promise.all(some.map((key) => lab.get(key)))) seen.add(value)
    }
    expect([...seen].every((value) => value === 'new' || value === 'miss')).toBe(true)
  })

  it('stays out when a removal fails, and keeps in mind what it must forget', async () => {
    const lab = await Lab.start()
    await lab.set('a1', 'old')
    await lab.fail('a')
    await lab.set('a1', 'new')
    lab.clock.advance(1000)
    await until(() => lab.state('a') === 'down', 'the probe failed')
    await lab.recover('a')
    expect(await lab.get('a1')).toBe('miss')
    expect(lab.events).toEqual(['a down after 2 (ConnectError)', 'a up, 1 removed'])
  })

  it('stays out when it takes the probe and not the removals: those are done there or not at all', async () => {
    const lab = await Lab.start({ connections: 2 })
    const keys = Array.from({ length: 50 }, (_, at) => `a${at}`)
    await Promise.all(keys.map((key) => lab.set(key, 'old')))
    await lab.fail('a')
    await Promise.all(keys.map((key) => lab.set(key, 'new')))
    lab.healFor('a', 1)
    lab.clock.advance(1000)
    await until(() => lab.clock.delays.length === 1, 'it is out again')
    await lab.recover('a')
    expect(new Set(await Promise.all(keys.map((key) => lab.get(key))))).toEqual(new Set(['miss']))
  })

  it('puts no blame on a stand-in that is slow to remove its copies', async () => {
    const lab = await Lab.start({ connection: { connectTimeoutMs: 1000 } })
    lab.delay('b', 0)
    await lab.set('a1', 'old')
    await lab.fail('a')
    await lab.set('a1', 'new')
    lab.hold('b')
    await lab.recover('a')
    // Its answer comes behind that of the removal, whose time is over by then.
    lab.release('b')
    expect(await lab.get('b1')).toBe('miss')
    expect(lab.state('b')).toBe('up')
    expect(await lab.held('b', 'a1')).toBeUndefined()
  })

  it('is asked itself and no other whether it is back, and what version it is', async () => {
    const lab = await Lab.start()
    await lab.fail('a')
    const asked = new Promise((resolve, reject) => {
      const operation = new Operation({ command: 'version' }, '', '', 5000, () => 'answered')
      operation.resolve = resolve
      operation.reject = reject
      lab.cluster.servers[0]!.dispatch(operation)
    })
    expect(await rejection(asked)).toMatchObject({ server: 'a' })
  })

  it('is told to have forgotten too much when more was written elsewhere than is remembered, once', async () => {
    const lab = await Lab.start({ options: { rejoin: { maxKeys: 2 } } })
    for (const key of ['a1', 'a2', 'a3', 'a4']) await lab.set(key, 'old')
    await lab.fail('a')
    for (const key of ['a1', 'a2', 'a3', 'a4', 'a1']) await lab.set(key, 'new')
    await lab.recover('a')
    expect(lab.events).toEqual(['a overflow at 2'])
    expect(await Promise.all(['a1', 'a2', 'a3', 'a4'].map((key) => lab.get(key)))).toEqual([
      'miss',
      'miss',
      'old',
      'old',
    ])
    await lab.fail('a')
    for (const key of ['a1', 'a2', 'a3']) await lab.set(key, 'newer')
    expect(lab.events).toEqual(['a overflow at 2', 'a overflow at 2'])
  })

  it('forgets nothing with failover none, for nothing was written elsewhere', async () => {
    const lab = await Lab.start({ options: { failover: 'none' } })
    await lab.set('a1', 'old')
    await lab.fail('a')
    await lab.delete('a1').catch(() => undefined)
    await lab.recover('a')
    expect(await lab.get('a1')).toBe('old')
  })
})
