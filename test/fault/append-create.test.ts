import { describe, expect, it, onTestFinished } from 'vitest'
import type { MemcacheOptions } from '../../src/client/options.ts'
import { ServerError, TimeoutError } from '../../src/errors.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { MockMemcache } from '../../src/testing/mock-memcache.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { opaqueOf } from '../support/peer.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const create = { ttl: 60 }

interface Setup {
  readonly options: MemcacheOptions
  readonly version?: string
}

const text: Setup = { options: { protocol: 'text' } }
const oldMeta: Setup = { options: {}, version: '1.6.18' }
const newMeta: Setup = { options: {}, version: '1.6.20' }

/** Starts a server that gives these answers to stores, one after the other; `''` is silence. */
async function serve({ options, version }: Setup, answers: readonly string[]): Promise<ScriptedServer> {
  const left = [...answers]
  const mn = options.protocol === 'text' ? ('none' as const) : ('MN' as const)
  const server = await ScriptedServer.startReady(
    (peer) =>
      serveCommands(peer, (command) => {
        const [name = ''] = command.words
        if (!['append', 'prepend', 'add', 'ms'].includes(name)) return undefined
        const answer = left.shift()
        if (answer === undefined || answer === '') return ''
        return name === 'ms' ? `${answer}${opaqueOf(command)}\r\n` : `${answer}\r\n`
      }),
    { mn, ...(version && { version }) },
  )
  onTestFinished(() => server.close())
  return server
}

/** The lines of stores that a server received, without opaques. */
function stores(server: ScriptedServer): string[] {
  return [...server.receivedText.matchAll(/^(?:append|prepend|add|ms) .*$/gm)].map(([line]) =>
    line.trim().replace(/ O\S+/, ''),
  )
}

describe('append with create', () => {
  it.each([
    ['text', text, ['NOT_STORED', 'STORED'], ['append k 0 0 1', 'add k 64 60 1'], true],
    ['text', text, ['STORED'], ['append k 0 0 1'], true],
    ['text', text, ['NOT_STORED', 'NOT_STORED', 'STORED'], ['append k 0 0 1', 'add k 64 60 1', 'append k 0 0 1'], true],
    [
      'text',
      text,
      ['NOT_STORED', 'NOT_STORED', 'NOT_STORED'],
      ['append k 0 0 1', 'add k 64 60 1', 'append k 0 0 1'],
      false,
    ],
    ['meta before 1.6.20', oldMeta, ['NS', 'HD'], ['ms k 1 MA', 'ms k 1 T60 F64 ME'], true],
    ['meta of 1.6.20', newMeta, ['HD'], ['ms k 1 MA F64 N60'], true],
    ['meta of 1.6.20', newMeta, ['NS'], ['ms k 1 MA F64 N60'], false],
  ] as const)('in %s: %o: answers %j', async (_name, setup, answers, lines, result) => {
    const server = await serve(setup, answers)
    const cache = faultClient(server.address, setup.options)
    expect(await cache.append('k', Buffer.from('x'), { create })).toBe(result)
    expect(stores(server)).toEqual(lines)
    expect(cache.metrics().calls['append']).toMatchObject({ calls: 1, keys: 1, stored: result ? 1 : 0 })
  })

  it.each([
    ['text', text, [], 'append'],
    ['text', text, ['NOT_STORED'], 'add'],
    ['text', text, ['NOT_STORED', 'NOT_STORED'], 'append'],
    ['meta of 1.6.20', newMeta, [], 'append'],
  ] as const)('in %s is never sent again where no answer came, after %j', async (_name, setup, answers, command) => {
    const server = await serve(setup, answers)
    const cache = faultClient(server.address, { ...setup.options, timeoutMs: 300, retry: { attempts: 3 } })
    const error = await rejection(cache.append('k', 'x', { create }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ delivery: 'unknown', command, key: 'k' })
    expect(stores(server)).toHaveLength(answers.length + 1)
  })

  it('is false where a failure is absorbed, and counts that once', async () => {
    const server = await serve(text, ['NOT_STORED', 'SERVER_ERROR no memory'])
    const cache = faultClient(server.address, { protocol: 'text', failures: 'miss' })
    const events: unknown[] = []
    cache.on('commandError', ({ error }) => events.push(error))
    expect(await cache.append('k', 'x', { create })).toBe(false)
    expect(events).toEqual([expect.any(ServerError)])
    expect(cache.metrics().calls['append']).toMatchObject({ calls: 1, keys: 1, notStored: 1, absorbed: 1 })
  })

  it('sends the bytes of the call, whatever becomes of them meanwhile', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, { protocol: 'text' })
    const data = Buffer.from('abc')
    const appended = cache.append('k', data, { create })
    data.fill(0)
    expect(await appended).toBe(true)
    expect(await cache.get('k')).toEqual(Buffer.from('abc'))
  })

  it('is the call `append` for a mock and for middleware', async () => {
    const cache = new MockMemcache('mock')
    onTestFinished(() => cache.close())
    cache.fail({ command: 'append', error: 'down', times: 1 })
    await expect(cache.append('k', 'x', { create })).rejects.toThrow()
    expect(await cache.append('k', 'x', { create })).toBe(true)
    expect(await cache.get('k')).toBe('x')
    const seen: string[] = []
    const watched = cache.clone({
      middleware: [
        (next) => ({
          dispatch: (operation) => {
            seen.push(operation.command)
            next.dispatch(operation)
          },
        }),
      ],
    })
    onTestFinished(() => watched.close())
    expect(await watched.append('k2', 'x', { create })).toBe(true)
    expect(seen).toEqual(['append'])
  })
})
