import { describe, expect, it } from 'vitest'
import type { Observing } from '../../../src/seam/observer.ts'
import { parseServerSpec } from '../../../src/server-address.ts'
import { collectCrashes, turns } from '../../support/crashes.ts'
import { Lab } from './lab.ts'

const server = (name: string): ReturnType<typeof parseServerSpec> =>
  parseServerSpec({ name, host: `${name}.test`, port: 11_211 })

describe('the observer of a cluster', () => {
  it('hears of the first servers, and of those that come and go', async () => {
    const changes: [added: readonly string[], removed: readonly string[]][] = []
    const lab = await Lab.start({ observing: { serversChanged: (...change) => changes.push(change) } }, ['d'])
    expect(changes.splice(0)).toEqual([[['a', 'b', 'c'], []]])
    void lab.cluster.replace(['b', 'd', 'c'].map(server))
    expect(changes.splice(0)).toEqual([[['d'], ['a']]])
    void lab.cluster.replace(['c', 'b', 'd'].map(server))
    expect(changes).toEqual([])
  })

  it('hears of a server whose address has changed as of one that went and one that came', async () => {
    const changes: [added: readonly string[], removed: readonly string[]][] = []
    const lab = await Lab.start({ observing: { serversChanged: (...change) => changes.push(change) } })
    void lab.cluster.replace([parseServerSpec({ name: 'a', host: 'elsewhere.test' }), server('b'), server('c')])
    expect(changes.slice(1)).toEqual([[['a'], ['a']]])
  })

  it.each([
    ['next', undefined, 'b'],
    ['gutter', ['g'], 'g'],
  ] as const)('hears of every operation that goes elsewhere: failover %s', async (failover, gutter, standIn) => {
    const moved: string[] = []
    const observing: Observing = {
      failedOver: ({ callerKey }, from, to) => moved.push(`${String(callerKey)}: ${from} → ${to}`),
    }
    const lab = await Lab.start({ options: { failover }, observing, ...(gutter && { gutter }) })
    await lab.get('a1')
    expect(moved).toEqual([])
    await lab.fail('a')
    moved.length = 0
    await Promise.all([lab.get('a1'), lab.get('b1'), lab.set('a2', 'x')])
    expect(moved).toEqual([`a1: a → ${standIn}`, `a2: a → ${standIn}`])
  })

  it('may throw whatever it is told: every operation goes on', async () => {
    const crashes = collectCrashes()
    const thrown = new Error('an observer of ours')
    const fail = (): never => {
      throw thrown
    }
    const observing: Observing = {
      unclaimedError: fail,
      desync: fail,
      serverDown: fail,
      serverUp: fail,
      rejoinOverflow: fail,
      serversChanged: fail,
      failedOver: fail,
    }
    const lab = await Lab.start({ options: { rejoin: { maxKeys: 1 }, retryAttempts: 1 }, observing })
    await lab.fail('a')
    await Promise.all([lab.set('a1', 'x'), lab.set('a2', 'x')])
    expect([await lab.get('a1'), await lab.get('a2')]).toEqual(['x', 'x'])
    await lab.recover('a')
    await turns()
    expect(await lab.get('a1')).toBe('miss')
    expect(await lab.get('a2')).toBe('miss')
    expect(crashes.length).toBeGreaterThan(6)
    expect(new Set(crashes)).toEqual(new Set([thrown]))
  })
})
