import { describe, expect, it, onTestFinished } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { InvalidInputError, TimeoutError } from '../../src/errors.ts'
import { turns } from '../support/crashes.ts'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { freePort } from '../support/free-port.ts'
import { patient } from '../support/memcache-options.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'
import { skipTime } from '../support/skip-time.ts'

/** The time that a round trip takes, as far as the client's clock is concerned. */
const ROUND_TRIP_MS = 2500

/** A server that answers the first command for a generation, but only after a round trip, and is silent from then on. */
function startSlow(): Promise<ScriptedServer> {
  return ScriptedServer.startReady((peer) =>
    serveCommands(peer, ({ line, words }) => {
      if (line === 'get warm') return undefined
      if (words[1] !== 'users:generation' || words[0] === 'ms') return ''
      skipTime(ROUND_TRIP_MS)
      return undefined
    }),
  )
}

/** What a call was given for its last command, as its error says. */
function lastTime(error: Error): number {
  return Number(/timed out after (\d+) ms/.exec(error.message)?.[1])
}

describe('a namespace with generations on a slow server', () => {
  it('keeps the time of the call, however many round trips it takes', async () => {
    const calls: Readonly<Record<string, (cache: Memcache) => Promise<unknown>>> = {
      get: (cache) => cache.namespace('users:', { generations: true }).get('a'),
      getMany: (cache) => cache.namespace('users:', { generations: true }).getMany(['a']),
      set: (cache) => cache.namespace('users:', { generations: true }).set('a', 1),
      noreply: (cache) => cache.namespace('users:', { generations: true }).noreply.set('a', 1),
      clear: (cache) => cache.namespace('users:', { generations: true }).clear(),
      own: (cache) => cache.namespace('users:', { generations: true }).get('a', { timeoutMs: 2950 }),
    }
    for (const [name, call] of Object.entries(calls)) {
      await using server = await startSlow()
      const cache = faultClient(server.address, { timeoutMs: 3000, connectTimeoutMs: 60_000 })
      await cache.get('warm', { timeoutMs: 60_000 })
      const error = await rejection(call(cache))

      expect(error, name).toBeInstanceOf(TimeoutError)
      expect(lastTime(error), name).toBeLessThanOrEqual(3000 - ROUND_TRIP_MS)
    }
  })

  it('asks for the command and the generation at once where it knows one', async () => {
    let isSilent = false
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, ({ line }) => {
        if (isSilent) return ''
        return line === 'get users:generation' ? 'VALUE users:generation 2 1\r\n7\r\nEND\r\n' : undefined
      }),
    )
    const cache = faultClient(server.address, patient)
    const users = cache.namespace('users:', { generations: { refreshMs: 0 } })
    expect(await users.get('a')).toBeUndefined()
    isSilent = true
    const call = rejection(users.get('b'))
    await until(() => server.receivedText.endsWith('get users:generation users:7:b\r\n'), 'both are there')
    cache.destroy()
    await call
  })

  it('asks nobody for a call with bad options', async () => {
    const cache = faultClient(`127.0.0.1:${await freePort()}`)
    const rejected: unknown[] = []
    const listen = (reason: unknown): void => void rejected.push(reason)
    process.on('unhandledRejection', listen)
    onTestFinished(() => {
      process.off('unhandledRejection', listen)
    })
    const users = cache.namespace('users:', { generations: true })
    expect(await rejection(users.get('a', { timeoutMs: 0 }))).toBeInstanceOf(InvalidInputError)
    expect(await rejection(users.get('a', { signal: {} as never }))).toBeInstanceOf(InvalidInputError)
    await turns(50)
    expect(rejected).toEqual([])
    expect(cache.servers[0]?.connections.open).toBe(0)
  })
})
