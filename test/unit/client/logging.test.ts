import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { checkLogger, type LogContext, type Logger, logObservers } from '../../../src/client/logging.ts'
import { ConnectError, InvalidInputError } from '../../../src/errors.ts'
import { Memcache, type MemcacheOptions } from '../../../src/exports/index.ts'
import { joinObservers } from '../../../src/seam/observer.ts'
import { bundle } from '../../support/bundle.ts'
import { collectCrashes, turns } from '../../support/crashes.ts'
import { rejection, until } from '../../support/eventually.ts'
import { patient } from '../../support/memcache-options.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'
import { withThen } from '../../support/with-then.ts'

interface Line {
  readonly level: string
  readonly context: LogContext
  readonly message: string
}

/** A logger that keeps its lines. */
function keep(lines: Line[]): Logger {
  const at =
    (level: string) =>
    (context: LogContext, message: string): void => {
      lines.push({ level, context, message })
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function failing(act: () => unknown): Logger {
  return { debug: act, info: act, warn: act, error: act }
}

const down = new ConnectError('cannot connect to a:1', { server: 'a:1' })

describe('the log of a client', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('has a line for each change, at its level', () => {
    const lines: Line[] = []
    const log = joinObservers(logObservers(keep(lines)))
    const connection = { server: 'a:1' }
    log.connectionOpened(connection, { protocol: 'meta', version: '1.6.45', encrypted: false, createMs: 1 })
    log.connectionClosed(connection, { why: 'failed', error: down, wasOpen: true, pending: 3 })
    log.connectionClosed(connection, { why: 'failed', error: down, wasOpen: false, pending: 0 })
    log.connectionOpened(connection, { protocol: 'text', version: '1.4.30', encrypted: true, createMs: 1 })
    log.connectionClosed(connection, { why: 'idle', error: down, wasOpen: true, pending: 0 })
    log.serverDown('a:1', down, 2)
    log.serverUp('a:1', 5000, 7)
    log.rejoinOverflow('a:1', 100)
    log.serversChanged(['a:1'], [])
    log.serversChanged(['b:1'], ['a:1'])
    log.sourceFailed(down)
    expect(
      lines.map(({ level, message, context: { err, ...context } }) => [level, message, context, err?.code]),
    ).toEqual([
      ['debug', 'connected', { server: 'a:1', protocol: 'meta', version: '1.6.45', encrypted: false }, undefined],
      ['warn', 'connection lost', { server: 'a:1', pending: 3 }, 'MEMLANE_CONNECT'],
      ['warn', 'cannot connect', { server: 'a:1', pending: 0 }, 'MEMLANE_CONNECT'],
      ['info', 'connected again', { server: 'a:1', protocol: 'text', version: '1.4.30', encrypted: true }, undefined],
      ['debug', 'connection closed', { server: 'a:1', why: 'idle' }, undefined],
      ['warn', 'server down', { server: 'a:1', failures: 2 }, 'MEMLANE_CONNECT'],
      ['info', 'server up', { server: 'a:1', downMs: 5000, removedKeys: 7 }, undefined],
      ['warn', 'rejoin overflow', { server: 'a:1', maxKeys: 100 }, undefined],
      ['debug', 'list of servers', { added: ['a:1'], removed: [] }, undefined],
      ['info', 'list of servers changed', { added: ['b:1'], removed: ['a:1'] }, undefined],
      ['warn', 'list of servers failed', {}, 'MEMLANE_CONNECT'],
    ])
  })

  it('has one line of a kind for a server in a second, and says in the next how many were left out', () => {
    const lines: Line[] = []
    const log = joinObservers(logObservers(keep(lines)))
    for (let count = 0; count < 5; count++) log.serverDown('a:1', down, count)
    log.serverDown('b:1', down, 0)
    log.serverUp('a:1', 1, 0)
    vi.advanceTimersByTime(1001)
    log.serverDown('a:1', down, 9)
    vi.advanceTimersByTime(1001)
    log.serverDown('a:1', down, 10)
    const told = lines.map(({ message, context: { server, failures, leftOut } }) => [
      message,
      server,
      failures,
      leftOut,
    ])
    expect(told).toEqual([
      ['server down', 'a:1', 0, undefined],
      ['server down', 'b:1', 0, undefined],
      ['server up', 'a:1', undefined, undefined],
      ['server down', 'a:1', 9, 4],
      ['server down', 'a:1', 10, undefined],
    ])
  })

  it('remembers a limited number of servers', () => {
    const lines: Line[] = []
    const log = joinObservers(logObservers(keep(lines)))
    for (let count = 0; count < 3000; count++) log.serverDown(`server${count}`, down, 0)
    expect(lines).toHaveLength(3000)
  })
})

describe('a logger that is broken', () => {
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('full disk')
      },
    ],
    ['rejects', () => Promise.reject(new Error('full disk'))],
    [
      'gives something like a promise that rejects',
      () => withThen((_resolve: unknown, reject: (reason: Error) => void) => reject(new Error('full disk'))),
    ],
  ])('%s: the process is warned once, and nothing else happens', async (_, act) => {
    const crashes = collectCrashes()
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    onTestFinished(() => warned.mockRestore())
    const log = joinObservers(logObservers(failing(act)))
    log.serverDown('a:1', down, 1)
    log.serverDown('b:1', down, 1)
    log.serverDown('c:1', down, 1)
    await turns()
    expect(warned.mock.calls).toEqual([['the option logger failed: full disk', 'MemlaneWarning']])
    expect(crashes).toEqual([])
  })

  it('does not change what a call comes to', async () => {
    const crashes = collectCrashes()
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const cache = new Memcache('a:1', {
      connect: () => Promise.reject(new Error('no')),
      logger: failing(() => {
        throw new Error('full disk')
      }),
    })
    onTestFinished(() => cache.destroy())
    expect(await rejection(cache.get('a'))).toMatchObject({ code: 'MEMLANE_CONNECT' })
    await turns()
    expect(crashes).toEqual([])
  })
})

describe('the option logger', () => {
  it('is refused where a method is missing', () => {
    const wrong: unknown[] = [null, 1, {}, { info: () => 0, warn: () => 0, error: () => 0 }, 'debug']
    for (const logger of wrong) {
      expect(() => new Memcache('a:1', { logger } as MemcacheOptions)).toThrow(InvalidInputError)
    }
    expect(checkLogger(console)).toBe(console)
  })

  it('is told of a refused login, without the login, and never of a value', async () => {
    const server = await ScriptedServer.start(async (peer) => {
      await peer.command()
      peer.reply('CLIENT_ERROR authentication failure\r\n')
    })
    onTestFinished(() => server.close())
    const lines: Line[] = []
    const auth = { username: 'ada', password: 'lovelace-1815' }
    const cache = new Memcache(server.address, { ...patient, auth, logger: keep(lines) })
    onTestFinished(() => cache.destroy())
    await rejection(cache.set('user:1', 'a value that is secret'))
    await until(() => lines.length > 1, 'a line')
    expect(lines[1]).toMatchObject({ level: 'error', message: 'login refused', context: { server: server.address } })
    const shown = JSON.stringify(lines) + lines.map(({ context }) => String(context.err?.stack)).join('')
    expect(shown).not.toMatch(/lovelace|secret/)
  })
})

describe('NODE_DEBUG=memlane', () => {
  it('writes the same lines to stderr, and without it there is none', async () => {
    const { code } = await bundle('index')
    const folder = inject('temporaryFolder')
    writeFileSync(join(folder, 'logged.mjs'), code)
    const body = `import { Memcache } from './logged.mjs'
const cache = new Memcache('a:1', { connect: () => Promise.reject(new Error('no')) })
await cache.get('a').catch(() => undefined)
cache.destroy()`
    writeFileSync(join(folder, 'logs.mjs'), body)
    const run = (debug: string): string =>
      spawnSync(process.execPath, [join(folder, 'logs.mjs')], {
        env: { ...process.env, NODE_DEBUG: debug },
        encoding: 'utf8',
      }).stderr
    expect(run('memlane')).toMatch(/^MEMLANE \d+: cannot connect \{ *\n? *server: 'a:1'/m)
    expect(run('')).toBe('')
  })
})
