import { describe, expect, it } from 'vitest'
import { SourcedCluster } from '../../../src/cluster/sourced-cluster.ts'
import { ClosedError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'
import { Lab } from './lab.ts'

/** A cluster whose list never comes; its own patience is endless. */
async function withoutList(): Promise<SourcedCluster> {
  const { cluster } = await Lab.start({ names: ['a'] })
  const source = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) }
  return new SourcedCluster(source, cluster, Number.POSITIVE_INFINITY, () => undefined)
}

describe('a cluster whose list of servers does not come', () => {
  it('is waited for within the time of each call', async () => {
    const cluster = await withoutList()
    const error = await rejection(cluster.untilListed({ timeoutMs: 5 }))
    expect(error).toMatchObject({ code: 'MEMLANE_TIMEOUT', message: 'no list of servers came within 5 ms' })
  })

  it('is not waited for behind an abort', async () => {
    const cluster = await withoutList()
    const reason = new Error('no longer wanted')
    expect(await rejection(cluster.untilListed({ signal: AbortSignal.abort(reason) }))).toBe(reason)
  })

  it('is not waited for once it is closed', async () => {
    const cluster = await withoutList()
    const waiting = rejection(cluster.untilListed())
    await cluster.close()
    expect(await waiting).toBeInstanceOf(ClosedError)
    expect(await rejection(cluster.untilListed())).toBeInstanceOf(ClosedError)
  })
})
