import { describe, expect, it } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { AuthError, MemcacheError } from '../../src/errors.ts'
import { settleAll } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const rounds = 200
const perRound = 10
/** Generous: without backoff it would be one per round at the least. */
const fewAttempts = 25

/** Calls that fail as fast as they can; every one of them must settle. */
async function load(cache: Memcache): Promise<unknown[]> {
  const reasons: unknown[] = []
  for (let round = 0; round < rounds; round++) {
    const calls = Array.from({ length: perRound }, (_, at) => cache.get(`k${at}`))
    for (const outcome of await settleAll(calls, 10_000)) {
      if (outcome.status === 'fulfilled') throw new Error('nobody could have answered')
      reasons.push(outcome.reason)
    }
  }
  return reasons
}

describe('connection attempts are bounded under load', () => {
  it('when connecting is refused', async () => {
    let attempts = 0
    const connect = (): Promise<never> => {
      attempts++
      return Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
    }
    const reasons = await load(faultClient('localhost:11211', { connect }))
    for (const reason of reasons) expect(reason).toBeInstanceOf(MemcacheError)
    expect(attempts).toBeGreaterThan(0)
    expect(attempts).toBeLessThan(fewAttempts)
  })

  it('when the server accepts and closes', async () => {
    await using server = await ScriptedServer.start((peer) => peer.halfClose())
    const reasons = await load(faultClient(server.address))
    for (const reason of reasons) expect(reason).toMatchObject({ delivery: 'not-sent' })
    expect(server.connections).toBeLessThan(fewAttempts)
  })

  it('when the login is refused, and every call says so', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.command()
      peer.reply('CLIENT_ERROR authentication failure\r\n')
    })
    const cache = faultClient(server.address, { auth: { username: 'ann', password: 'wrong' } })
    const reasons = await load(cache)
    for (const reason of reasons) {
      const known = reason instanceof AuthError || (reason as Error).cause instanceof AuthError
      expect(known).toBe(true)
    }
    expect(server.connections).toBeLessThan(fewAttempts)
  })
})
