import { describe, expect, it } from 'vitest'
import { versions } from '../../../src/client/versions.ts'
import { BatchError, ConnectError, InvalidInputError, SerdeError } from '../../../src/errors.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { MockMemcache } from '../../../src/testing/mock-memcache.ts'
import { rejection } from '../../support/eventually.ts'
import { faultClient } from '../../support/fault-client.ts'
import { freePort } from '../../support/free-port.ts'
import { patient } from '../../support/memcache-options.ts'
import { serveCommands, values } from '../../support/scripted-cache.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

describe.each(['meta', 'text'] as const)('versions, protocol %s', (protocol) => {
  it('change with every bump, and are the same for all processes', async () => {
    await using server = await MemcachedServer.start()
    const options = { ...patient, protocol }
    const [mine, theirs] = [0, 1].map(() => versions(faultClient(server.address, options), 'v:', { refreshMs: 0 }))
    const before = await mine!.of(['a', 'b'])
    expect(before).toMatch(/^[0-9a-z]{9,}\.[0-9a-z]{9,}$/)
    expect(await theirs!.of(['a', 'b'])).toBe(before)
    expect(await theirs!.of(['b', 'a', 'b'])).toBe([1, 0, 1].map((at) => before.split('.')[at]).join('.'))
    await theirs!.bump('a')
    const after = await mine!.of(['a', 'b'])
    expect(after.split('.')[0]).not.toBe(before.split('.')[0])
    expect(after.split('.')[1]).toBe(before.split('.')[1])
    await mine!.bump('a', 'b', 'a', 'c')
    expect((await theirs!.of(['a', 'b'])).split('.').some((part) => after.includes(part))).toBe(false)
    expect(await mine!.of([])).toBe('')
    await mine!.bump()
  })

  it('are trusted for refreshMs, but for one of our own', async () => {
    await using server = await MemcachedServer.start()
    const options = { ...patient, protocol }
    const [mine, theirs] = [0, 1].map(() => versions(faultClient(server.address, options), 'v:', { refreshMs: 60_000 }))
    const before = await mine!.of(['a'])
    await theirs!.bump('a')
    expect(await mine!.of(['a'])).toBe(before)
    await mine!.bump('a')
    expect(await mine!.of(['a'])).not.toBe(before)
  })

  it('are new when they are missing, never those from before', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, { ...patient, protocol })
    const mine = versions(cache, 'v:', { refreshMs: 0 })
    const seen = new Set<string>()
    for (let round = 0; round < 5; round++) {
      seen.add(await mine.of(['a']))
      await mine.bump('a')
      seen.add(await mine.of(['a']))
      await cache.delete('v:a')
    }
    await mine.bump('a')
    seen.add(await mine.of(['a']))
    expect(seen.size).toBe(11)
  })
})

describe('versions', () => {
  it('are asked for together, each once, whoever asks', async () => {
    const lines: string[] = []
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) => {
        lines.push(command.line)
        return command.words[0] === 'get' ? values(command, () => '35') : undefined
      }),
    )
    const mine = versions(faultClient(server.address), 'v:')
    expect(await Promise.all([mine.of(['a', 'b']), mine.of(['b', 'a'])])).toEqual(['z.z', 'z.z'])
    expect(lines.filter((line) => line.startsWith('get'))).toEqual(['get v:a v:b'])
  })

  it('fail where none is known, whatever becomes of failures, and a bump says of which', async () => {
    const cache = faultClient(`127.0.0.1:${await freePort()}`, { failures: 'miss' })
    const mine = versions(cache, 'v:')
    expect(await rejection(mine.of(['a']))).toBeInstanceOf(ConnectError)
    const error = await rejection(mine.bump('a', 'b'))
    expect(error).toBeInstanceOf(BatchError)
    expect([...(error as BatchError).failed.keys()]).toEqual(['a', 'b'])
  })

  it('are the last ones known while their server is out', async () => {
    const server = await MemcachedServer.start()
    const mine = versions(faultClient(server.address, { timeoutMs: 500 }), 'v:', { refreshMs: 0 })
    const before = await mine.of(['a'])
    await server.close()
    expect(await mine.of(['a'])).toBe(before)
    expect(await rejection(mine.bump('a'))).toBeInstanceOf(BatchError)
    expect(await mine.of(['a'])).toBe(before)
  })

  it('say what is wrong with an item that holds no number', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, patient)
    await cache.set('v:a', 'text')
    expect(await rejection(versions(cache, 'v:').of(['a']))).toBeInstanceOf(SerdeError)
  })

  it('are made of a Memcache and a prefix, nothing else', async () => {
    await using mock = new MockMemcache()
    expect(await versions(mock, '').of(['a'])).toMatch(/^[0-9a-z]+$/)
    const bad = [
      () => versions({} as never, 'v:'),
      () => versions(mock.namespace('n:') as never, 'v:'),
      () => versions(mock, 5 as never),
      () => versions(mock, 'v:', { refreshMs: -1 }),
      () => versions(mock, 'v:', { refreshMS: 5 } as never),
    ]
    for (const make of bad) expect(make).toThrow(InvalidInputError)
    expect(await rejection(versions(mock, 'v:').of([5 as never]))).toBeInstanceOf(InvalidInputError)
    expect(await rejection(versions(mock, '').of(['']))).toBeInstanceOf(InvalidInputError)
  })

  it('are forgotten beyond 10,000 names, and read again', async () => {
    await using mock = new MockMemcache()
    const mine = versions(mock, 'v:', { refreshMs: 60_000 })
    const first = await mine.of(['n0'])
    await versions(mock, 'v:').bump('n0')
    expect(await mine.of(['n0'])).toBe(first)
    await mine.of(Array.from({ length: 10_000 }, (_, at) => `n${at + 1}`))
    expect(await mine.of(['n0'])).not.toBe(first)
  })
})
