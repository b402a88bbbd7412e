import { describe, expect, it } from 'vitest'
import { TimeoutError } from '../../src/errors.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

/** Keeps the event loop busy, in turns of so long, until `done` or too many turns. */
async function saturate(
  turnMs: number,
  turns: number,
  done: () => boolean,
  work = (): void => undefined,
): Promise<void> {
  for (let turn = 0; turn < turns && !done(); turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    work()
    block(turnMs)
  }
}

describe('in an event loop that is never idle', () => {
  it('a deadline holds although every turn takes 60 ms', async () => {
    await using server = await ScriptedServer.startReady(() => {})
    const cache = faultClient(server.address, { ...patient })
    await cache.connect()
    let outcome: unknown
    cache.get('a', { timeoutMs: 200 }).catch((error: unknown) => {
      outcome = error
    })
    // 3 s of it: fifteen times as long as the call may take.
    await saturate(60, 50, () => outcome !== undefined)
    expect(outcome).toBeInstanceOf(TimeoutError)
  })

  it('calls in long turns do not give more time to the calls of earlier turns', async () => {
    const cache = faultClient('127.0.0.1:1', {
      timeoutMs: 200,
      connectTimeoutMs: 30_000,
      connect: () => new Promise(() => {}),
    })
    let outcome: unknown
    cache.get('first').catch((error: unknown) => {
      outcome = error
    })
    await saturate(
      25,
      120,
      () => outcome !== undefined,
      () => void cache.get('more').catch(() => undefined),
    )
    expect(outcome).toBeInstanceOf(TimeoutError)
  })

  it('a call in a long turn has all of its time behind that turn, and so has its connection', async () => {
    await using server = await ScriptedServer.startReady(() => {})
    const cache = faultClient(server.address, { ...patient })
    await cache.connect()
    const call = rejection(cache.get('a', { timeoutMs: 240 }))
    block(150)
    // A connection is given up for 250 ms of silence, which must not begin before the call was written.
    expect(await call).toBeInstanceOf(TimeoutError)
  })
})
