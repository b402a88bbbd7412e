import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import type { ClusterOptions } from '../../../src/cluster/options.ts'
import {
  BatchError,
  ClosedError,
  InvalidInputError,
  type MemcacheError,
  ServerDownError,
  TimeoutError,
} from '../../../src/errors.ts'
import { rejection, until } from '../../support/eventually.ts'
import { Switchboard } from '../../support/switchboard.ts'

const SERVERS = 40

/** A client whose servers each hold a key, and which has asked for none of them yet. */
async function filled(
  readWindow: number | undefined,
  options?: Parameters<Switchboard['client']>[1],
): Promise<{ board: Switchboard; client: Memcache; keys: string[] }> {
  const board = await Switchboard.open(SERVERS)
  const client = await board.client(readWindow, options)
  const keys = board.keys()
  await client.setMany(keys.map((key) => [key, `value of ${key}`]))
  return { board, client, keys }
}

function valuesOf(keys: readonly string[]): Map<string, string> {
  return new Map(keys.map((key) => [key, `value of ${key}`]))
}

describe('a batch of reads over many servers', () => {
  it('asks all of them at once without the option', async () => {
    const { board, client, keys } = await filled(undefined)
    board.hold()
    const found = client.getMany(keys)
    await until(() => board.unanswered.size === SERVERS, 'servers that have not answered')
    board.release()
    expect(await found).toEqual(valuesOf(keys))
  })

  it.each([1, 4, 16, SERVERS - 1])(
    'with readWindow %i never waits for more of them, and finds every key',
    async (most) => {
      const { board, client, keys } = await filled(most)
      expect(await client.getMany(keys)).toEqual(valuesOf(keys))
      expect(board.most).toBe(most)
      expect(board.asked).toEqual(board.names)
    },
  )

  it('asks one more with each answer, in the order of the call', async () => {
    const { board, client, keys } = await filled(4)
    board.hold()
    const found = client.getMany(keys)
    for (let answers = 0; answers < SERVERS; answers++) {
      await until(() => board.asked.length === Math.min(4 + answers, SERVERS), 'servers that were asked')
      // The second of them, where there are two: the first is slow.
      const [first, second] = board.unanswered
      board.release(second ?? first)
    }
    expect(await found).toEqual(valuesOf(keys))
    expect(board.asked).toEqual(board.names)
  })

  it.each([
    ['gets', (client: Memcache, keys: string[]) => client.getsMany(keys)],
    ['keys that travel in base64', (client: Memcache) => client.getMany(bytesKeys())],
    ['keys as bytes', (client: Memcache, keys: string[]) => client.getMany(keys.map((key) => Buffer.from(key)))],
  ])('waits for as many with %s', async (_what, call) => {
    const { board, client, keys } = await filled(4)
    expect(await call(client, keys)).toBeInstanceOf(Map)
    expect(board.most).toBe(4)
  })

  it('waits for as many with retry, and with an older cluster', async () => {
    const older = await Switchboard.open(1)
    const { board, client, keys } = await filled(4, {
      retry: { attempts: 2 },
      fallback: [await older.client(undefined)],
    })
    expect(await client.getMany(keys)).toEqual(valuesOf(keys))
    expect(board.most).toBe(4)
  })

  it('waits for as many while a value is being compressed, and reads that one afterwards', async () => {
    const { board, client, keys } = await filled(4, { compression: { asyncBytes: 1 } })
    const text = 'compressible '.repeat(1000)
    const [stored, found] = await Promise.all([client.set(keys[0]!, text), client.getMany(keys)])
    expect(stored).toBe(true)
    expect(found).toEqual(valuesOf(keys).set(keys[0]!, text))
    // One more for the read that had to wait for the write.
    expect(board.most).toBeLessThanOrEqual(5)
  })

  it('is one call, however many keys it has: more than are looked at in one turn share its window', async () => {
    const { board, client } = await filled(4)
    const keys = Array.from({ length: 12_000 }, (_, index) => `key-${index % SERVERS}:${index}`)
    expect((await client.getMany(keys)).size).toBe(0)
    expect(board.most).toBe(4)
  })

  it('has a window of its own: two of them wait for twice as many', async () => {
    const { board, client, keys } = await filled(4)
    board.hold()
    const calls = [client.getMany(keys), client.getMany(keys.toReversed())]
    await until(() => board.unanswered.size === 8, 'servers that have not answered')
    board.release()
    for (const found of await Promise.all(calls)) expect(found.size).toBe(SERVERS)
    expect(board.most).toBeLessThanOrEqual(8)
  })
})

describe('the option readWindow', () => {
  it.each([0, -1, 1.5, '16', null, Number.NaN, Number.POSITIVE_INFINITY])('is no %o', (readWindow) => {
    const cluster = { readWindow } as unknown as ClusterOptions
    expect(() => new Memcache(['a', 'b'], { cluster })).toThrow(InvalidInputError)
    expect(() => new Memcache(['a', 'b'], { cluster })).toThrow(
      'option cluster.readWindow must be a whole number above 0',
    )
  })
})

/** Keys with spaces, one for each server. */
function bytesKeys(): Buffer[] {
  return Array.from({ length: SERVERS }, (_, index) => Buffer.from(`key ${index}`))
}

describe('reads that wait for their turn', () => {
  it('come before a later write of their key', async () => {
    const { board, client, keys } = await filled(4)
    board.hold()
    const [last, other] = [keys.at(-1)!, keys.at(-2)!]
    const found = client.getMany(keys)
    const stored = client.set(last, 'new')
    await until(() => board.asked.includes(board.names.at(-1)!), 'servers that were asked')
    // Only that one: the others keep waiting, also that of a server which another key is written to.
    const elsewhere = client.set(`${other}:other`, 'new')
    await until(() => board.asked.length === 5, 'servers that were asked')
    board.release()
    expect(await found).toEqual(valuesOf(keys))
    expect(await Promise.all([stored, elsewhere])).toEqual([true, true])
    expect(await client.get(last)).toBe('new')
  })

  it('fail as not sent when the time of the call is over', async () => {
    const { board, client, keys } = await filled(1)
    board.hold()
    const error = (await rejection(client.getMany(keys, { timeoutMs: 300 }))) as BatchError
    expect(error).toBeInstanceOf(BatchError)
    expect(error.failed.size).toBe(SERVERS)
    const asked = new Set(board.asked.map((name) => keys[board.names.indexOf(name)]))
    for (const [key, reason] of error.failed) {
      expect(reason).toBeInstanceOf(TimeoutError)
      const { delivery, message, server } = reason as MemcacheError
      expect([key, delivery]).toEqual([key, asked.has(key as string) ? 'unknown' : 'not-sent'])
      if (delivery !== 'not-sent') continue
      expect(server).toBe(board.names[keys.indexOf(key as string)])
      expect(message).toContain('had not answered (readWindow)')
    }
    // A silent server gives up its place after a tenth of the time, so that a few get their turn and most do not.
    expect(asked.size).toBeGreaterThan(0)
    expect(asked.size).toBeLessThanOrEqual(12)
  })

  it('get the places of servers that are silent', async () => {
    const { board, client, keys } = await filled(2)
    board.hold(board.names[0])
    board.hold(board.names[1])
    const error = (await rejection(client.getMany(keys, { timeoutMs: 2000 }))) as BatchError
    expect([...error.failed.keys()]).toEqual(keys.slice(0, 2))
    expect(error.found).toEqual(valuesOf(keys.slice(2)))
  })

  it('get the places of servers that cannot be reached', async () => {
    const { board, client, keys } = await filled(2, { cluster: { failover: 'none' } })
    for (const name of board.names.slice(0, 10)) board.unreachable.add(name)
    await client.disconnect()
    const error = (await rejection(client.getMany(keys))) as BatchError
    expect([...error.failed.keys()]).toEqual(keys.slice(0, 10))
    expect(error.found).toEqual(valuesOf(keys.slice(10)))
    expect(board.most).toBeLessThanOrEqual(2)
  })

  it('go to another server where their own has gone out meanwhile', async () => {
    const { board, client, keys } = await filled(1)
    const [out, key] = [board.names[20]!, keys[20]!]
    board.hold(board.names[0])
    const found = client.getMany(keys)
    await until(() => board.unanswered.size === 1, 'servers that have not answered')
    board.cut(out)
    expect(await client.get('key-20:other')).toBe(undefined)
    expect(client.serverFor(key)?.name).toBe(board.names[21])
    board.release(board.names[0])
    const values = await found
    // All servers are one here, so that the one that stands in has the value.
    expect(values.get(key)).toBe(`value of ${key}`)
    expect(values.size).toBe(SERVERS)
  })

  it('are never asked for once the call is aborted', async () => {
    const { board, client, keys } = await filled(4)
    const controller = new AbortController()
    board.hold()
    const found = client.getMany(keys, { signal: controller.signal })
    await until(() => board.unanswered.size === 4, 'servers that have not answered')
    controller.abort(new Error('enough'))
    expect(await rejection(found)).toBe(controller.signal.reason)
    board.release()
    expect(await client.getMany(keys.slice(0, 4))).toEqual(valuesOf(keys.slice(0, 4)))
    expect(new Set(board.asked)).toEqual(new Set(board.names.slice(0, 4)))
    // Nothing of the aborted call is left: the next one is whole, and keeps to its window.
    expect(await client.getMany(keys)).toEqual(valuesOf(keys))
    expect(board.most).toBe(4)
  })

  it.each([
    ['close', (client: Memcache) => client.close()],
    ['disconnect', (client: Memcache) => client.disconnect()],
  ])('are answered before %s settles', async (_name, end) => {
    const { board, client, keys } = await filled(4)
    board.hold()
    const found = client.getMany(keys)
    await until(() => board.unanswered.size === 4, 'servers that have not answered')
    const ended = end(client)
    await until(() => board.unanswered.size === SERVERS, 'servers that have not answered')
    board.release()
    expect(await found).toEqual(valuesOf(keys))
    await ended
  })

  it('fail when the client is destroyed', async () => {
    const { board, client, keys } = await filled(4)
    board.hold()
    const found = client.getMany(keys)
    await until(() => board.unanswered.size === 4, 'servers that have not answered')
    client.destroy()
    expect(await rejection(found)).toBeInstanceOf(ClosedError)
    expect(new Set(board.asked).size).toBe(4)
  })

  it('are answered by a server that is removed', async () => {
    const { board, client, keys } = await filled(4)
    board.hold()
    const found = client.getMany(keys)
    await until(() => board.unanswered.size === 4, 'servers that have not answered')
    const removed = client.removeServer(board.names.at(-1)!)
    await until(() => board.asked.length === 5, 'servers that were asked')
    board.release()
    expect(await found).toEqual(valuesOf(keys))
    await removed
  })

  it('fail at once where the server of each has gone out, and nothing stands in', async () => {
    const { board, client, keys } = await filled(1, { cluster: { failover: 'none', retryAttempts: 0 } })
    for (const name of board.names) board.unreachable.add(name)
    await client.disconnect()
    await Promise.allSettled(keys.map((key) => client.get(key)))
    const error = (await rejection(client.getMany(keys))) as BatchError
    for (const reason of error.failed.values()) expect(reason).toBeInstanceOf(ServerDownError)
    expect(error.failed.size).toBe(SERVERS)
  })
})
