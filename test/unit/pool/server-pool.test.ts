import { connect } from 'node:net'
import { Duplex } from 'node:stream'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type ConnectionOptions, resolveConnectionOptions } from '../../../src/connection/options.ts'
import { ClosedError, ConnectError, type MemcacheError } from '../../../src/errors.ts'
import { ServerPool } from '../../../src/pool/server-pool.ts'
import type { PoolDecisions } from '../../../src/pool/slot.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { GET } from '../../../src/protocol/request.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { parseServerSpec } from '../../../src/server-address.ts'
import { rejection, settleAll, until } from '../../support/eventually.ts'

interface Lab {
  readonly pool: ServerPool
  dials: number
  refuses: boolean
  /** Connections are accepted and nothing is answered. */
  deaf: boolean
  /** The handshake is answered, and then the connection is closed. */
  closes: boolean
  readonly streams: Duplex[]
  readonly evidence: MemcacheError[]
}

async function startPool(
  connections: number,
  decisions: Partial<PoolDecisions> = {},
  more: ConnectionOptions = {},
): Promise<Lab> {
  const server = await MemcachedServer.start()
  const evidence: MemcacheError[] = []
  const dial = async (): Promise<Duplex> => {
    lab.dials++
    if (lab.refuses) throw new Error('connect ECONNREFUSED')
    if (lab.deaf) return new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
    const stream = lab.closes ? closingStream() : connect(server.port, '127.0.0.1')
    lab.streams.push(stream)
    return stream
  }
  const options = resolveConnectionOptions({ timeoutMs: 5000, connectTimeoutMs: 5000, ...more, connect: dial })
  const pool = new ServerPool({
    server: parseServerSpec('a:1'),
    connections,
    options,
    decisions: {
      servers: 1,
      onEvidence: (error) => evidence.push(error),
      takeOver: (operations) => operations,
      ...decisions,
    },
  })
  const lab: Lab = { pool, dials: 0, refuses: false, deaf: false, closes: false, streams: [] as Duplex[], evidence }
  onTestFinished(async () => {
    pool.destroy(new ClosedError('the test has ended', { delivery: 'not-sent' }))
    await server.close()
  })
  return lab
}

/** Answers the handshake and closes. */
function closingStream(): Duplex {
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      done()
      const isLast = chunk.toString('latin1') === 'mn\r\n'
      setImmediate(() => {
        stream.push(isLast ? 'MN\r\n' : 'VERSION 1.6.45\r\n')
        if (isLast) setImmediate(() => stream.push(null))
      })
    },
  })
  return stream
}

function get(pool: ServerPool, key: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const operation = new Operation(GET, key, key, 5000, (reply) => reply.outcome)
    operation.resolve = resolve
    operation.reject = reject
    pool.dispatch(operation)
  })
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('the pool of one server', () => {
  it.each([1, 4])('opens %i connections for a thousand cold commands, and no more', async (connections) => {
    const lab = await startPool(connections)
    await Promise.all(Array.from({ length: 1000 }, (_, at) => get(lab.pool, `k${at}`)))
    expect(lab.dials).toBe(connections)
    expect(lab.pool.status.connections.open).toBe(connections)
  })

  it('opens one connection at a time while the server refuses, however many commands wait', async () => {
    const lab = await startPool(1)
    lab.refuses = true
    const outcomes = await settleAll(
      Array.from({ length: 1000 }, (_, at) => get(lab.pool, `k${at}`)),
      5000,
    )
    expect(new Set(outcomes.map((outcome) => outcome.status))).toEqual(new Set(['rejected']))
    expect(lab.dials).toBe(1)
  })

  it('tells evidence before the commands fail', async () => {
    const order: string[] = []
    const lab = await startPool(1, { onEvidence: () => order.push('evidence') })
    lab.refuses = true
    const error = await rejection(get(lab.pool, 'k').finally(() => order.push('failed')))
    expect(error).toBeInstanceOf(ConnectError)
    expect(order).toEqual(['evidence', 'failed'])
  })

  it('takes no evidence from an attempt whose time ran out while our own event loop was blocked', async () => {
    const lab = await startPool(1, {}, { connectTimeoutMs: 100 })
    lab.deaf = true
    const blocked = rejection(get(lab.pool, 'k'))
    await new Promise((resolve) => setImmediate(resolve))
    const blockedUntil = performance.now() + 300
    while (performance.now() < blockedUntil);
    expect(await blocked).toMatchObject({ code: 'MEMLANE_TIMEOUT' })
    expect(lab.evidence).toEqual([])
    lab.pool.forgive()
    expect(await rejection(get(lab.pool, 'k'))).toMatchObject({ code: 'MEMLANE_TIMEOUT' })
    expect(lab.evidence).toHaveLength(1)
  })

  it('hands commands that were never sent to whoever takes them, and fails the others', async () => {
    const taken: Operation[] = []
    const lab = await startPool(1, {
      takeOver: (operations, neverReady) => {
        expect(neverReady).toBe(true)
        taken.push(...operations.filter(({ key }) => key === 'mine'))
        return operations.filter(({ key }) => key !== 'mine')
      },
    })
    lab.refuses = true
    const mine = get(lab.pool, 'mine')
    expect(await rejection(get(lab.pool, 'other'))).toBeInstanceOf(ConnectError)
    expect(taken).toHaveLength(1)
    expect(taken[0]).toMatchObject({ settled: false, written: false, holder: undefined })
    taken[0]!.succeed('elsewhere')
    expect(await mine).toBe('elsewhere')
  })

  it('is probed by a connection and a question, whatever failed before', async () => {
    const lab = await startPool(2)
    lab.refuses = true
    await rejection(lab.pool.probe(1000))
    await rejection(lab.pool.probe(1000))
    expect(lab.dials).toBe(2)
    lab.refuses = false
    await lab.pool.probe(1000)
    expect(lab.dials).toBe(3)
    await lab.pool.probe(1000)
    expect(lab.dials).toBe(3)
  })

  it.each([true, false])(
    'pauses longer and longer behind connections that end unanswered (commands wait: %s)',
    async (busy) => {
      const lab = await startPool(1)
      lab.closes = true
      // The clock stands still: what is not due now never is.
      vi.spyOn(performance, 'now').mockReturnValue(performance.now())
      for (let round = 0; round < 8; round++) {
        if (busy) await rejection(get(lab.pool, 'k'))
        else await lab.pool.connect().then(() => until(() => lab.pool.status.connections.open === 0, 'it is closed'))
      }
      const { dials } = lab
      expect(dials).toBeLessThan(busy ? 5 : 9)
      expect(await rejection(get(lab.pool, 'k'))).toMatchObject({ code: 'MEMLANE_SERVER_DOWN', delivery: 'not-sent' })
      expect(lab.dials).toBe(dials)
    },
  )

  it('connects at once behind a connection that worked, was idle and was closed, however often', async () => {
    const lab = await startPool(1)
    vi.spyOn(performance, 'now').mockReturnValue(performance.now())
    for (let round = 1; round <= 8; round++) {
      expect(await get(lab.pool, 'k')).toBe('miss')
      expect(lab.dials).toBe(round)
      lab.streams.at(-1)!.destroy()
      await until(() => lab.pool.status.connections.open === 0, 'it is closed')
    }
    expect(lab.evidence).toEqual([])
  })

  it.each([
    [10, []],
    [11, [0.5 * 22]],
    [60, [0.5 * 120]],
    [1000, [0.75 * 200]],
  ])(
    'of %i that loses an idle connection makes the next one after a random pause of %j ms',
    async (servers, pauses) => {
      const lab = await startPool(1, { servers })
      expect(await get(lab.pool, 'k')).toBe('miss')
      vi.spyOn(performance, 'now').mockReturnValue(performance.now())
      vi.spyOn(Math, 'random').mockReturnValue(servers === 1000 ? 0.75 : 0.5)
      lab.streams[0]!.destroy()
      await until(() => lab.pool.status.connections.open === 0, 'it is closed')
      expect(lab.pool.status.state).toBe('up')
      const timers = vi.spyOn(globalThis, 'setTimeout')
      // It waits, however long the pause is, and does not fail.
      const answer = get(lab.pool, 'k')
      // The other timer is that of an attempt that has begun.
      // A pause is the difference of two times: it has a rounding error.
      expect(timers.mock.calls.map(([, ms = 0]) => Math.round(ms)).filter((ms) => ms !== 5000)).toEqual(pauses)
      expect(await answer).toBe('miss')
      expect(lab.dials).toBe(2)
      expect(lab.evidence).toEqual([])
    },
  )

  it('connects at once when failed attempts are forgiven', async () => {
    const lab = await startPool(1)
    lab.refuses = true
    for (let attempt = 0; attempt < 8; attempt++) await rejection(lab.pool.connect())
    expect((await rejection(get(lab.pool, 'k'))).message).toContain('a:1 is down, next attempt in')
    lab.refuses = false
    lab.pool.forgive()
    expect(await get(lab.pool, 'k')).toBe('miss')
    expect(lab.pool.status.state).toBe('up')
  })
})
