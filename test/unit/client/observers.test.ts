import { createConnection } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { OBSERVERS, type ObservedOptions } from '../../../src/client/options.ts'
import type { ClosedConnection, ObservedConnection, Observing } from '../../../src/seam/observer.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { FaultProxy } from '../../../src/testing/fault-proxy.ts'
import { collectCrashes, turns } from '../../support/crashes.ts'
import { rejection, until } from '../../support/eventually.ts'
import { patient } from '../../support/memcache-options.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

async function startServer(): Promise<MemcachedServer> {
  const server = await MemcachedServer.start()
  onTestFinished(() => server.close())
  return server
}

function observed(address: string, observing: Observing, options: ObservedOptions = {}): Memcache {
  const cache = new Memcache(address, { ...patient, ...options, [OBSERVERS]: [observing] } as ObservedOptions)
  onTestFinished(() => cache.destroy())
  return cache
}

/** Notes the life of connections by number, in the order of the events. */
function noting(notes: string[]): Observing & { readonly closed: ClosedConnection[] } {
  const numbers = new Map<ObservedConnection, number>()
  const closed: ClosedConnection[] = []
  return {
    closed,
    streamOpened: () => notes.push('stream'),
    connectionStarted: (connection) => {
      numbers.set(connection, numbers.size + 1)
      notes.push(`${numbers.size} started`)
    },
    connectionOpened: (connection, { protocol, encrypted, version }) =>
      notes.push(`${numbers.get(connection)} opened: ${protocol}${encrypted ? ', TLS' : ''}, ${version}`),
    connectionClosed: (connection, end) => {
      closed.push(end)
      notes.push(`${numbers.get(connection)} closed: ${end.why}, ${end.pending} pending, was open: ${end.wasOpen}`)
    },
  }
}

describe('an observer of connections', () => {
  it('hears of a connection from its attempt to its end', async () => {
    const server = await startServer()
    const notes: string[] = []
    const cache = observed(server.address, noting(notes))
    expect(notes).toEqual([])
    await cache.get('k')
    expect(notes).toEqual(['1 started', 'stream', expect.stringMatching(/^1 opened: meta, 1\.6\.\d+$/)])
    await cache.close()
    expect(notes.slice(3)).toEqual(['1 closed: closed, 0 pending, was open: true'])
  })

  it('hears where a connection goes', async () => {
    const server = await startServer()
    const started: unknown[] = []
    const cache = observed(server.address, {
      connectionStarted: (connection, endpoint) => started.push([connection.server, endpoint]),
    })
    await cache.get('k')
    expect(started).toEqual([[server.address, { kind: 'tcp', host: '127.0.0.1', port: server.port }]])
  })

  it('may make a call when it hears of an attempt: one connection is enough', async () => {
    const server = await startServer()
    let attempts = 0
    const calls: Promise<unknown>[] = []
    const cache: Memcache = observed(server.address, {
      connectionStarted: () => {
        attempts++
        calls.push(cache.get('k'))
      },
    })
    await cache.get('k')
    expect(await Promise.all(calls)).toEqual([undefined])
    expect(attempts).toBe(1)
  })

  it('hears nothing of a connection that ends before its attempt begins', async () => {
    const notes: string[] = []
    const cache = observed('a:1', noting(notes), { connect: () => new Promise(() => undefined) })
    const call = rejection(cache.get('k'))
    cache.destroy()
    await call
    await turns()
    expect(notes).toEqual([])
  })

  it('hears that a connection is lost before its calls settle', async () => {
    const notes: string[] = []
    const server = await ScriptedServer.startReady(async (peer) => {
      await peer.command()
      peer.reset()
    })
    onTestFinished(() => server.close())
    const cache = observed(server.address, noting(notes))
    const first = rejection(cache.incr('a').finally(() => notes.push('first settles')))
    await Promise.all([first, rejection(cache.incr('b').finally(() => notes.push('second settles')))])
    expect(notes.slice(3)).toEqual(['1 closed: failed, 2 pending, was open: true', 'first settles', 'second settles'])
  })

  it('hears of an attempt that fails as of one that began', async () => {
    const notes: string[] = []
    const observing = noting(notes)
    const cache = observed('a:1', observing, { connect: () => Promise.reject(new Error('refused')) })
    const error = await rejection(cache.get('k'))
    expect(notes).toEqual(['1 started', '1 closed: failed, 1 pending, was open: false'])
    const { message, cause } = error
    expect(observing.closed[0]!.error).toMatchObject({ message, cause })
    // Others may fail with it: only the call's own names the command.
    expect(observing.closed[0]!.error).not.toHaveProperty('command')
    expect(error).toMatchObject({ command: 'get', key: 'k' })
  })

  it('hears that a connection was idle', async () => {
    const server = await startServer()
    const notes: string[] = []
    const cache = observed(server.address, noting(notes), { idleTimeoutMs: 20 })
    await cache.get('k')
    await until(() => notes.some((note) => note.includes('closed')), 'the end')
    expect(notes.at(-1)).toBe('1 closed: idle, 0 pending, was open: true')
  })

  it('hears of the streams of its own client only', async () => {
    const server = await startServer()
    const streams: [name: string, server: string][] = []
    const open = (name: string): Memcache =>
      observed(server.address, { streamOpened: (to) => streams.push([name, to]) })
    const [first, second] = [open('first'), open('second')]
    await first.get('k')
    expect(streams).toEqual([['first', server.address]])
    await second.get('k')
    expect(streams.slice(1)).toEqual([['second', server.address]])
    // A connection of its own, for one exchange.
    await first.stats()
    expect(streams.slice(2)).toEqual([['first', server.address]])
  })
})

/** Sums of what was written and answered, by connection. */
interface Traffic {
  written: number
  bytesOut: number
  answered: number
  bytesIn: number
  batches: number
}

function counting(traffic: Map<ObservedConnection, Traffic>): Observing {
  const of = (connection: ObservedConnection): Traffic => {
    const known = traffic.get(connection) ?? { written: 0, bytesOut: 0, answered: 0, bytesIn: 0, batches: 0 }
    traffic.set(connection, known)
    return known
  }
  return {
    batchWritten: (connection, commands, bytes) => {
      const sums = of(connection)
      sums.batches++
      sums.written += commands
      sums.bytesOut += bytes
    },
    repliesReceived: (connection, commands, bytes) => {
      const sums = of(connection)
      sums.answered += commands
      sums.bytesIn += bytes
    },
  }
}

describe('an observer of batches', () => {
  it('hears of one batch a turn, and of all its replies', async () => {
    const server = await startServer()
    const traffic = new Map<ObservedConnection, Traffic>()
    const cache = observed(server.address, counting(traffic))
    await cache.get('k')
    const [sums] = traffic.values()
    expect(sums).toMatchObject({ batches: 1, written: 1, answered: 1 })
    await Promise.all([cache.set('a', 1), cache.get('a'), cache.get('b'), cache.delete('c')])
    expect(sums).toMatchObject({ batches: 2, written: 5, answered: 5 })
    await cache.getMany(['a', 'b', 'c'])
    expect(sums).toMatchObject({ batches: 3, written: 8, answered: 8 })
  })

  it.each(['meta', 'text'] as const)('counts every command and every byte: %s', async (protocol) => {
    const server = await startServer()
    const traffic = new Map<ObservedConnection, Traffic>()
    const socket = createConnection(server.port, '127.0.0.1')
    let handshake: { read: number; written: number } | undefined
    const cache = observed(
      server.address,
      {
        ...counting(traffic),
        connectionOpened: () => {
          handshake = { read: socket.bytesRead, written: socket.bytesWritten }
        },
      },
      { connect: () => Promise.resolve(socket), protocol, validateAfterIdleMs: 1 },
    )
    await cache.get('k')
    await turns()
    await Promise.all([
      cache.set('large', 'é'.repeat(200_000)),
      cache.set('bytes', new Uint8Array(100_000)),
      ...Array.from({ length: 3000 }, (_, at) => cache.set(`k${at}`, `ü${at}`)),
      ...Array.from({ length: 3000 }, (_, at) => cache.noreply.set(`n${at}`, at)),
      cache.getMany(Array.from({ length: 500 }, (_, at) => `k${at}`)),
      cache.get('large'),
    ])
    const [sums, ...others] = traffic.values()
    expect(others).toEqual([])
    expect(sums!.answered).toBe(sums!.written)
    expect(sums!.written).toBeGreaterThan(6503)
    expect(sums!.bytesOut).toBe(socket.bytesWritten - handshake!.written)
    expect(sums!.bytesIn).toBe(socket.bytesRead - handshake!.read)
  })
})

describe('an observer that throws whatever it is told', () => {
  it('breaks no connection and no call', async () => {
    const crashes = collectCrashes()
    const thrown = new Error('an observer of ours')
    const fail = (): never => {
      throw thrown
    }
    const server = await startServer()
    await using proxy = await FaultProxy.start(server.address)
    const observing: Observing = {
      streamOpened: fail,
      connectionStarted: fail,
      connectionOpened: fail,
      connectionClosed: fail,
      serversChanged: fail,
      unclaimedError: fail,
      retried: fail,
      writeFailed: fail,
      desync: fail,
      batchWritten: fail,
      repliesReceived: fail,
    }
    const cache = observed(proxy.address, observing, { retry: { attempts: 2 } })
    await cache.set('k', 1)
    expect(await Promise.all([cache.get('k'), cache.incr('k'), cache.get('k')])).toEqual([1, 2, 2])
    proxy.reset()
    await until(() => cache.servers[0]!.connections.open === 0, 'the connection is lost')
    expect(await cache.get('k')).toBe(2)
    await turns()
    // The servers; for each of two connections its attempt, stream, opening, batches and replies; and one end.
    expect(crashes.length).toBeGreaterThanOrEqual(8 + 6)
    expect(new Set(crashes)).toEqual(new Set([thrown]))
  })
})
