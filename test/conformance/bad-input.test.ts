import { describe, expect, it } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { InvalidInputError } from '../../src/errors.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

type Call = (cache: Memcache) => Promise<unknown>

/** What a program without types may pass. */
function untyped(value: unknown): never {
  return value as never
}

const badKeys: readonly (readonly [name: string, key: unknown])[] = [
  ['empty', ''],
  ['of no bytes', new Uint8Array(0)],
  ['of 251 bytes', 'x'.repeat(251)],
  ['of 200 letters in 400 bytes', 'é'.repeat(200)],
  ['with a lone surrogate', 'a\ud800b'],
  ['that is a number', 5],
  ['that is null', null],
  ['that is undefined', undefined],
  ['that is an object', { toString: () => 'k' }],
]

const badTextKeys: readonly (readonly [name: string, key: unknown])[] = [
  ['with a line end', 'a\r\nflush_all'],
  ['with a space', 'a b'],
  ['with DEL', 'a\x7f'],
  ['of control bytes', Uint8Array.of(1)],
]

const keyCalls: readonly (readonly [name: string, call: (cache: Memcache, key: string) => Promise<unknown>])[] = [
  ['get', (cache, key) => cache.get(key)],
  ['gets', (cache, key) => cache.gets(key)],
  ['getMany', (cache, key) => cache.getMany(['fine', key])],
  ['set', (cache, key) => cache.set(key, 'flush_all')],
  [
    'setMany',
    (cache, key) =>
      cache.setMany([
        ['fine', 1],
        [key, 'flush_all'],
      ]),
  ],
  ['cas', (cache, key) => cache.cas(key, 1, 1n)],
  ['delete', (cache, key) => cache.delete(key)],
  ['deleteMany', (cache, key) => cache.deleteMany(['fine', key])],
  ['touch', (cache, key) => cache.touch(key, 1)],
  ['incr', (cache, key) => cache.incr(key)],
  ['decr', (cache, key) => cache.decr(key)],
  ['noreply.set', (cache, key) => cache.noreply.set(key, 1)],
]

const badTtls: readonly unknown[] = [
  Number.NaN,
  1.5,
  -1,
  2 ** 31,
  Number.POSITIVE_INFINITY,
  '10',
  '0 1\r\nx',
  null,
  10n,
  new Date(1000),
  new Date(Number.NaN),
]
const badFlags: readonly unknown[] = [-1, 1.5, 2 ** 32, Number.NaN, '5']
const badDeltas: readonly unknown[] = [-1, 1.5, Number.NaN, 2 ** 53, -1n, 2n ** 64n, '1', '1\r\nflush_all']
const badCas: readonly unknown[] = [1, -1n, 2n ** 64n, '1', undefined]
const badTimeouts: readonly unknown[] = [0, -1, Number.NaN, '100']

const badCalls: readonly (readonly [name: string, call: Call])[] = [
  ...badTtls.flatMap((ttl): [string, Call][] => [
    [`set with ttl ${show(ttl)}`, (cache) => cache.set('k', 'flush_all', { ttl: untyped(ttl) })],
    [`touch with ttl ${show(ttl)}`, (cache) => cache.touch('k', untyped(ttl))],
    [`setMany with ttl ${show(ttl)}`, (cache) => cache.setMany({ k: 1 }, { ttl: untyped(ttl) })],
    [`incr with initial and ttl ${show(ttl)}`, (cache) => cache.incr('k', 1, { initial: 1, ttl: untyped(ttl) })],
  ]),
  ...badFlags.map((clientFlags): [string, Call] => [
    `set with client flags ${show(clientFlags)}`,
    (cache) => cache.set('k', 1, { clientFlags: untyped(clientFlags) }),
  ]),
  ...badDeltas.flatMap((delta): [string, Call][] => [
    [`incr by ${show(delta)}`, (cache) => cache.incr('k', untyped(delta))],
    [`decr by ${show(delta)}`, (cache) => cache.decr('k', untyped(delta))],
    [`incr with initial ${show(delta)}`, (cache) => cache.incr('k', 1, { initial: untyped(delta) })],
  ]),
  ...badCas.map((cas): [string, Call] => [`cas with ${show(cas)}`, (cache) => cache.cas('k', 1, untyped(cas))]),
  ...badTimeouts.map((timeoutMs): [string, Call] => [
    `get with timeoutMs ${show(timeoutMs)}`,
    (cache) => cache.get('k', { timeoutMs: untyped(timeoutMs) }),
  ]),
]

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return typeof value === 'bigint' ? `${value}n` : String(value)
}

describe.each(['meta', 'text'] as const)('bad input, protocol %s', (protocol) => {
  /** The call rejects, the other call is answered, and nothing but the other call was written. */
  async function expectRefused(call: Call): Promise<void> {
    const answers = { mn: protocol === 'meta' ? 'MN' : 'none' } as const
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer), answers)
    const cache = faultClient(server.address, { ...patient, protocol })
    await cache.get('first')
    const before = server.receivedText.length
    const refused = rejection(call(cache))
    expect(await cache.get('other')).toBeUndefined()
    expect(await refused).toBeInstanceOf(InvalidInputError)
    expect(((await refused) as InvalidInputError).delivery).toBe('not-sent')
    expect(await cache.get('last')).toBeUndefined()
    expect(server.receivedText.slice(before)).toBe('get other\r\nget last\r\n')
    expect(server.connections).toBe(1)
  }

  const keys = protocol === 'meta' ? badKeys : [...badKeys, ...badTextKeys]
  it.each(keyCalls.flatMap(([command, call]) => keys.map(([name, key]) => [command, name, call, key] as const)))(
    '%s refuses a key %s and writes nothing',
    (_command, _name, call, key) => expectRefused((cache) => call(cache, untyped(key))),
  )

  it.each(badCalls)('%s is refused and nothing is written', (_name, call) => expectRefused(call))
})
