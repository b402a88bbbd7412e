import { connect as connectTcp } from 'node:net'
import { Duplex } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BatchError, MemcacheError } from '../../src/errors.ts'
import { collectCrashes } from '../support/crashes.ts'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { startMemcached } from '../support/real-memcached.ts'

describe('a stream of the caller’s', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('that gives text instead of bytes fails with an error that says so', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, {
      ...patient,
      connect: () => {
        const socket = connectTcp(server.port, '127.0.0.1')
        socket.setEncoding('utf8')
        return Promise.resolve(socket)
      },
    })
    const error = await rejection(cache.get('k'))
    expect(error).toBeInstanceOf(MemcacheError)
    expect(`${error.message} ${String(error.cause)}`).toContain('setEncoding')
  })

  it('that is refused is asked for three times by a batch of four slices, not once for every slice of it', async () => {
    let attempts = 0
    const connect = (): Promise<never> => {
      attempts++
      return Promise.reject(new Error('refused'))
    }
    // The clock stands still: behind the first attempt come two whose pauses are worth waiting for, and then none is due.
    vi.spyOn(performance, 'now').mockReturnValue(performance.now())
    const cache = faultClient('127.0.0.1:1', { ...patient, connect, maxPending: 10_000 })
    const keys = Array.from({ length: 20_000 }, (_, at) => `k${at}`)
    const error = (await rejection(cache.getMany(keys), 20_000)) as BatchError
    expect(error).toBeInstanceOf(BatchError)
    expect(error.failed.size).toBe(keys.length)
    expect(attempts).toBe(3)
  })

  it('that throws when it is written to fails the calls on it, and is asked for with growing pauses', async () => {
    const crashes = collectCrashes()
    let dials = 0
    const connect = (): Promise<Duplex> => {
      dials++
      const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
      const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean
      stream.write = (chunk: unknown, ...rest: unknown[]): boolean => {
        const line = String(chunk).split('\r\n')[0]!
        if (line !== 'version' && line !== 'mn') throw new Error('this stream takes nothing')
        setImmediate(() => stream.push(line === 'mn' ? 'MN\r\n' : 'VERSION 1.6.45\r\n'))
        return write(chunk, ...rest)
      }
      return Promise.resolve(stream)
    }
    const cache = faultClient('127.0.0.1:1', { ...patient, connect })
    for (let round = 0; round < 200; round++) {
      const calls = [cache.get('k'), cache.set('k', 1), cache.set('k', Buffer.alloc(9000))]
      for (const error of await Promise.all(calls.map((call) => rejection(call)))) {
        expect(error).toBeInstanceOf(MemcacheError)
      }
    }
    expect(dials).toBeGreaterThan(1)
    expect(dials).toBeLessThan(25)
    expect(crashes).toEqual([])
  })

  it('that says late what it has written does not let go of a body that the next stream reads', async () => {
    const streams: Duplex[] = []
    const callbacks: (() => void)[] = []
    const answers = new Map([
      ['version', 'VERSION 1.6.45\r\n'],
      ['mn', 'MN\r\n'],
      ['get warm', 'END\r\n'],
    ])
    const connect = (): Promise<Duplex> => {
      const isFirst = streams.length === 0
      const stream: Duplex = new Duplex({
        read: () => undefined,
        write: (chunk: Buffer, _encoding, done: () => void) => {
          if (chunk.length > 1000) {
            callbacks.push(done)
            // The first stream ends with the body still in its hands; the second keeps it.
            if (isFirst) setImmediate(() => stream.push(null))
            return
          }
          done()
          const answer = answers.get(chunk.toString('latin1', 0, 20).split('\r\n')[0]!)
          if (answer !== undefined) setImmediate(() => stream.push(answer))
        },
      })
      streams.push(stream)
      return Promise.resolve(stream)
    }
    const cache = faultClient('127.0.0.1:1', { connect, timeoutMs: 10_000 })
    await cache.get('warm')
    const controller = new AbortController()
    const outcome = rejection(cache.set('k', Buffer.alloc(10_000, 1), { signal: controller.signal }))
    await until(() => callbacks.length === 2, 'the body is in the hands of the second stream')
    callbacks[0]!()
    controller.abort('enough')
    expect(await outcome).toBe('enough')
    // From here on the bytes are the caller's again.
    expect(streams[1]!.destroyed).toBe(true)
  })
})
