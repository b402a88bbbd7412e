import { readFileSync } from 'node:fs'
import { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { OBSERVERS, type ObservedOptions } from '../../src/client/options.ts'
import { collectCommandErrors } from '../support/command-errors.ts'
import { until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import type { FetchedVersion } from '../support/memcached-versions.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'

describe('over TLS, memcached answers', () => {
  let server: RealMemcached

  beforeAll(async () => {
    server = await startMemcached({ transport: 'tls', args: ['-m', '256'] })
  })
  afterAll(async () => {
    await server.stop()
  })

  function client(): Memcache {
    const tls = { ca: readFileSync(inject('certificates').authority) }
    return faultClient(server.address, { ...patient, timeoutMs: 4000, tls })
  }

  it.each([
    ['1,000', 333],
    ['3,000', 1000],
    ['9,000', 3000],
  ])('60 sets at once of %s bytes of text that is not ASCII', async (_bytes, characters) => {
    const cache = client()
    const text = (at: number): string => '漢'.repeat(characters) + at
    const sets = Array.from({ length: 60 }, (_, at) => cache.set(`cjk${at}`, text(at)))
    expect(await Promise.all(sets)).toEqual(sets.map(() => true))
    for (let at = 0; at < 60; at++) expect(await cache.get(`cjk${at}`)).toBe(text(at))
  })

  it('600 reads at once of long keys that are not ASCII', async () => {
    const cache = client()
    const reads = Array.from({ length: 600 }, (_, at) => cache.get('漢'.repeat(60) + at))
    expect(await Promise.all(reads)).toEqual(reads.map(() => undefined))
  })

  it.each([5000, 12_000, 20_000, 60_000, 200_000])(
    'the barrier behind a quiet set of %i bytes, though nothing follows it',
    async (length) => {
      const cache = client()
      const errors = collectCommandErrors(cache)
      await cache.noreply.set('quiet', Buffer.alloc(length, 1))
      await until(() => cache.servers[0]!.pending === 0, 'the barrier is answered')
      expect(errors).toEqual([])
      expect(cache.servers[0]).toMatchObject({ connections: { open: 1 }, lastError: undefined })
      expect((await cache.get<Uint8Array>('quiet'))?.length).toBe(length)
    },
  )

  it('the barrier behind several quiet sets, though nothing follows them', async () => {
    const cache = client()
    const errors = collectCommandErrors(cache)
    await Promise.all([12_000, 16_000, 20_000].map((length) => cache.noreply.set('quiet', Buffer.alloc(length))))
    // Closing waits for what is pending: the barrier.
    await cache.close()
    expect(errors).toEqual([])
  })
})

/** memcached stops reading in the middle of a record where it waits for the socket, and where it yields (`-R`). */
const READERS: readonly { version: FetchedVersion | undefined; yieldsAfter: number }[] = [
  { version: undefined, yieldsAfter: 20 },
  { version: '1.6.38', yieldsAfter: 20 },
  { version: '1.6.45', yieldsAfter: 20 },
  { version: '1.6.45', yieldsAfter: 2 },
]

describe.each(READERS)('over TLS, batches of several records to memcached $version, -R $yieldsAfter,', (reader) => {
  let server: RealMemcached

  beforeAll(async () => {
    const args = ['-m', '256', '-R', String(reader.yieldsAfter)]
    server = await startMemcached({ transport: 'tls', version: reader.version, args })
  })
  afterAll(async () => {
    await server.stop()
  })

  /** A client that counts its writes. */
  function counting(): { cache: Memcache; writes: number[] } {
    const writes: number[] = []
    const observing = { batchWritten: (_connection: unknown, commands: number) => writes.push(commands) }
    const tls = { ca: readFileSync(inject('certificates').authority) }
    const options: ObservedOptions = { ...patient, timeoutMs: 8000, tls, [OBSERVERS]: [observing] }
    return { cache: faultClient(server.address, options), writes }
  }

  it('carry large sets, the last one in a write of its own', async () => {
    const { cache, writes } = counting()
    await cache.connect()
    const values = Array.from({ length: 16 }, (_, at) => String.fromCharCode(97 + at).repeat(10_000))
    const sets = values.map((value, at) => cache.set(`large${at}`, value))
    expect(await Promise.all(sets)).toEqual(sets.map(() => true))
    // 65 kB a write, and the last one alone.
    expect(writes).toEqual([7, 7, 1, 1])
    const found = await Promise.all(values.map((_, at) => cache.get(`large${at}`)))
    expect(found).toEqual(values)
  })

  it('are all answered, whatever the sizes of their commands', async () => {
    const { cache } = counting()
    const sizes = [10, 16_250, 3000, 16_384, 1, 40_000, 15_900, 500, 130_000, 16_000, 9000]
    const valueAt = (at: number): Buffer => Buffer.alloc(sizes[at % sizes.length]!, 65 + (at % 26))
    for (let round = 0; round < 6; round++) {
      const calls = Array.from({ length: 10 * (round + 1) }, (_, at) => {
        const index = at * (round + 1)
        return at % 3 === 2 ? cache.get(`missing${at}`) : cache.set(`mixed${at}`, valueAt(index))
      })
      expect(await Promise.all(calls)).toEqual(calls.map((_, at) => (at % 3 === 2 ? undefined : true)))
      for (let at = 0; at < calls.length; at++) {
        if (at % 3 !== 2) expect((await cache.get<Buffer>(`mixed${at}`))?.equals(valueAt(at * (round + 1)))).toBe(true)
      }
    }
  })

  it('are all answered when the command behind them was given up before it was written', async () => {
    const { cache, writes } = counting()
    await cache.connect()
    for (let round = 0; round < 10; round++) {
      writes.length = 0
      const controller = new AbortController()
      const sets = Array.from({ length: 5 }, (_, at) => cache.set(`kept${at}`, 'k'.repeat(9000 + 97 * round)))
      const last = cache.set('left', 'l'.repeat(9000), { signal: controller.signal })
      // Behind the write of this turn, and before the socket has let go of it.
      setImmediate(() => controller.abort())
      await expect(last).rejects.toThrow(/abort/i)
      expect(await Promise.all(sets)).toEqual(sets.map(() => true))
      await until(() => cache.servers[0]!.pending === 0, 'what follows the batch is answered')
      expect(writes[0]).toBe(5)
      expect(writes.slice(1)).toEqual(writes.length === 1 ? [] : [1])
    }
  })
})

/** A stream to a server that answers the handshake at once, and reads when the test says so. */
class ToldAnswers extends Duplex {
  readonly writes: string[] = []

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const text = chunk.toString('latin1')
    if (text === 'version\r\n') this.push('VERSION 1.6.45\r\n')
    else if (text === 'mn\r\n') this.push('MN\r\n')
    else this.writes.push(text)
    done()
  }
}

describe('the answers to one line that are read in two turns, one after the other,', () => {
  it.each([
    ['over TLS', true, ['get a b\r\n', 'get a2 b2\r\n']],
    ['without it', false, ['get a b\r\n', 'get a2\r\n', 'get b2\r\n']],
  ])('set off writes: %s', async (_title, secure, expected) => {
    const stream = new ToldAnswers()
    const cache = faultClient('server:11211', { ...patient, connect: async () => ({ stream, secure }) })
    await cache.connect()
    const calls = ['a', 'b'].map(async (key) => [await cache.get(key), await cache.get(`${key}2`)])
    await until(() => stream.writes.length === 1, 'the first reads are written')
    stream.push('VALUE a 0 1\r\n1\r\n')
    for (let ticks = 0; ticks < 5; ticks++) await new Promise<void>((resolve) => process.nextTick(resolve))
    stream.push('VALUE b 0 1\r\n2\r\nEND\r\n')
    await until(() => stream.writes.join('').endsWith('b2\r\n'), 'the second reads are written')
    expect(stream.writes).toEqual(expected)
    stream.push('END\r\n'.repeat(expected.length - 1))
    expect(await Promise.all(calls)).toEqual([
      ['1', undefined],
      ['2', undefined],
    ])
  })
})
