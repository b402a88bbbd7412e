import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ClosedError, OverloadedError, TimeoutError } from '../../src/errors.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { rejection, settleAll } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { Gate } from '../support/gate.ts'
import { patient } from '../support/memcache-options.ts'
import { askRaw } from '../support/raw-connection.ts'
import { startMemcached } from '../support/real-memcached.ts'

const compression = { minBytes: 100, asyncBytes: 1000 }
const text = 'abc'.repeat(100_000)

/** A compression that is done when the gate is opened: to every second byte. */
function gated(gate: Gate) {
  return {
    minBytes: 100,
    algorithm: {
      compress: async (data: Uint8Array): Promise<Uint8Array> => {
        await gate.opened
        return data.subarray(0, data.length >> 1)
      },
      decompress: (data: Uint8Array): Uint8Array => data,
    },
  }
}

describe('a value that is being compressed', () => {
  it('leaves nothing unhandled when its call fails for another reason before the compression does', async () => {
    const crashes = collectCrashes()
    await using server = await startMemcached()
    const gate = new Gate()
    let begun = 0
    const compress = async (): Promise<Uint8Array> => {
      begun++
      await gate.opened
      throw new Error('no compression today')
    }
    const algorithm = { compress, decompress: (data: Uint8Array) => data }
    const cache = faultClient(server.address, { timeoutMs: 500, compression: { minBytes: 100, algorithm } })
    const value = randomBytes(5000)
    const calls: Promise<unknown>[] = [
      cache.set('k', value, { signal: AbortSignal.abort() }),
      cache.set('', value),
      cache.set('k', value, { routingKey: '' }),
      cache.set('k', value, { timeoutMs: -1 }),
      cache.noreply.set('', value),
      cache.setMany([['k', value] as const, ['', 1] as const]),
      cache.setMany([['k', value] as const, ['l', 1] as const], { timeoutMs: -1 }),
      cache.noreply.setMany([['k', value] as const, ['', 1] as const]),
      cache.noreply.setMany([['k', value] as const, ['l', Symbol('no value')] as const]),
      cache.setMany([['k', value] as const], { signal: AbortSignal.abort() }),
    ]
    for (const outcome of await settleAll(calls, 10_000)) expect(outcome.status).toBe('rejected')
    expect(begun).toBeGreaterThan(0)
    gate.open()
    await turns()
    expect(crashes).toEqual([])
  })

  it('leaves before close() closes', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, { ...patient, compression })
    await cache.connect()
    const set = cache.set('k', text)
    const read = cache.get('k')
    await cache.close()
    expect(await set).toBe(true)
    expect(await read).toBe(text)
  })

  it('leaves before disconnect() disconnects', async () => {
    const gate = new Gate()
    await using server = await startMemcached()
    const cache = faultClient(server.address, { ...patient, compression: gated(gate) })
    await cache.connect()
    const set = cache.set('k', 'x'.repeat(1000))
    const disconnected = cache.disconnect()
    gate.open()
    expect(await set).toBe(true)
    await disconnected
    expect(cache.servers[0]!.connections.open).toBe(0)
  })

  it('leaves before close() closes, however often it is called', async () => {
    const gate = new Gate()
    await using server = await startMemcached()
    const cache = faultClient(server.address, { ...patient, compression: gated(gate) })
    const set = cache.set('k', 'x'.repeat(1000))
    const closed = [cache.close(), cache.close(), cache.close()]
    expect(await rejection(cache.set('other', 'x'))).toBeInstanceOf(ClosedError)
    gate.open()
    expect(await set).toBe(true)
    await Promise.all(closed)
    expect(await askRaw(server.endpoint, 'get k\r\n', 'END\r\n')).toContain('VALUE k 1024 500\r\n')
  })

  it('and what waits behind it end with destroy()', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, { ...patient, compression: gated(new Gate()) })
    await cache.connect()
    const calls: Promise<unknown>[] = [cache.set('k', 'x'.repeat(1000)), cache.get('k'), cache.getMany(['k', 'l'])]
    await turns()
    const outcomes = calls.map((call) => rejection(call))
    const closing = cache.close()
    cache.destroy()
    for (const error of await Promise.all(outcomes)) expect(error).toBeInstanceOf(ClosedError)
    await closing
  })

  it('counts for maxPending, and so does what waits behind it', async () => {
    const gate = new Gate()
    await using server = await startMemcached()
    const cache = faultClient(server.address, { ...patient, maxPending: 10, compression: gated(gate) })
    const sets: Promise<unknown>[] = Array.from({ length: 8 }, (_, at) => cache.set(`k${at}`, 'x'.repeat(1000)))
    const reads = [cache.get('k0'), cache.get('k0')]
    expect(await rejection(cache.set('k8', 'x'.repeat(1000)))).toBeInstanceOf(OverloadedError)
    expect(await rejection(cache.get('k0'))).toBeInstanceOf(OverloadedError)
    gate.open()
    expect(await Promise.all(sets)).toEqual(sets.map(() => true))
    await Promise.all(reads)
    expect(await cache.set('k8', 'x'.repeat(1000))).toBe(true)
  })

  it('counts for maxPendingBytes; one value always fits', async () => {
    const gate = new Gate()
    await using server = await startMemcached()
    const cache = faultClient(server.address, { ...patient, maxPendingBytes: 5000, compression: gated(gate) })
    const one = cache.set('one', 'x'.repeat(9000))
    expect(await rejection(cache.set('two', 'x'.repeat(200)))).toBeInstanceOf(OverloadedError)
    gate.open()
    expect(await one).toBe(true)
    expect(await cache.set('two', 'x'.repeat(200))).toBe(true)
  })

  it('and never gets done holds nobody back when its own time is up, and still counts', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, { ...patient, maxPendingBytes: 1500, compression: gated(new Gate()) })
    await cache.connect()
    const stuck = rejection(cache.set('k', 'x'.repeat(1000), { timeoutMs: 50 }))
    const read = cache.get('k')
    expect(await stuck).toBeInstanceOf(TimeoutError)
    expect(await read).toBeUndefined()
    expect(await rejection(cache.set('l', 'x'.repeat(1000)))).toBeInstanceOf(OverloadedError)
    await cache.close()
  })
})

/** Stores a value that the client's own algorithm reads only when the gate is opened. */
async function slowReader(server: { address: string; endpoint: object }, gate: Gate, timeoutMs: number) {
  await askRaw(server.endpoint, 'set k 1024 0 5\r\nvalue\r\n')
  const started = new Gate()
  const decompress = async (data: Uint8Array): Promise<Uint8Array> => {
    started.open()
    await gate.opened
    return data
  }
  const algorithm = { compress: (data: Uint8Array) => data, decompress }
  return { cache: faultClient(server.address, { ...patient, timeoutMs, compression: { algorithm } }), started }
}

describe('a value that is being decompressed', () => {
  it('is bound by the deadline of its call', async () => {
    await using server = await startMemcached()
    const { cache } = await slowReader(server, new Gate(), 300)
    for (const call of [() => cache.get('k'), () => cache.gets('k')]) {
      const error = (await rejection(call())) as TimeoutError
      expect(error).toBeInstanceOf(TimeoutError)
      expect(error.delivery).toBe('answered')
      expect(error.message).toContain('decompressed')
    }
    const batch = (await rejection(cache.getMany(['k', 'absent']))) as unknown as { failed: Map<string, unknown> }
    expect([...batch.failed.keys()]).toEqual(['k'])
    expect(batch.failed.get('k')).toBeInstanceOf(TimeoutError)
    expect(await cache.get('absent')).toBeUndefined()
  })

  it('is left behind at once when its call is aborted', async () => {
    const crashes = collectCrashes()
    await using server = await startMemcached()
    const gate = new Gate()
    const { cache, started } = await slowReader(server, gate, 10_000)
    const controller = new AbortController()
    const { signal } = controller
    const calls = [cache.get('k', { signal }), cache.gets('k', { signal }), cache.getMany(['k'], { signal })]
    const outcomes = calls.map((call) => rejection(call))
    await started.opened
    await turns()
    controller.abort('enough')
    expect(await Promise.all(outcomes)).toEqual(['enough', 'enough', 'enough'])
    gate.open()
    await turns()
    expect(crashes).toEqual([])
    expect(await cache.get('k', { signal: new AbortController().signal })).toBe('value')
  })

  it('that fails is absorbed as a miss where failures are, with a signal too', async () => {
    await using server = await startMemcached()
    await askRaw(server.endpoint, `set broken 8 0 2000\r\n${'?'.repeat(2000)}\r\n`)
    const cache = faultClient(server.address, { ...patient, compression, failures: 'miss' })
    const { signal } = new AbortController()
    expect(await cache.get('broken')).toBeUndefined()
    expect(await cache.get('broken', { signal, default: 'fallback' })).toBe('fallback')
  })
})
