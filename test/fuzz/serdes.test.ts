import { Buffer } from 'node:buffer'
import { serialize as serializeV8 } from 'node:v8'
import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  dalli,
  memcacheClient,
  memcachedNpm,
  memjs,
  metaMemcache,
  phpMemcached,
  pylibmc,
  pymemcache,
  pythonMemcached,
  type Serde,
  spymemcached,
  xmemcached,
} from '../../src/exports/serde.ts'
import { json } from '../../src/serde/json.ts'
import { encodePickle } from '../../src/serde/pickle-writer.ts'
import { structuredClone } from '../../src/serde/structured-clone.ts'
import { Random } from './damage.ts'
import { createFuzz, roundsOf, timeout } from './seed.ts'

const USUAL_CASES = 25_000
const MAX_BYTES = 4096

const limits = { maxBytes: MAX_BYTES }
const pickles = { pickle: 'readWrite', ...limits } as const
const compression = { minBytes: 10 }

const layouts: Readonly<Record<string, Serde>> = {
  pymemcache: pymemcache({ ...pickles, compression }),
  pylibmc: pylibmc({ ...pickles, pickleVersion: 4 }),
  pythonMemcached: pythonMemcached({ ...pickles, pickleVersion: 3 }),
  metaMemcache: metaMemcache({ ...pickles, compression }),
  dalli: dalli({ marshal: 'readWrite', ...limits }),
  'dalli, raw': dalli({ compression, ...limits }),
  phpMemcached: phpMemcached({ serialize: 'readWrite', ...limits }),
  'phpMemcached, JSON, compressed': phpMemcached({ compression, ...limits }),
  memjs: memjs({ strings: 'text' }),
  memcacheClient: memcacheClient(limits),
  memcachedNpm: memcachedNpm(),
  spymemcached: spymemcached({ compression, ...limits }),
  xmemcached: xmemcached({ integers: 'long', ...limits }),
}

/** With room for what is nested deep: 4096 bytes are taken up before that. */
const roomy: Readonly<Record<string, Serde>> = {
  pymemcache: pymemcache({ pickle: 'read' }),
  dalli: dalli({ marshal: 'read' }),
  phpMemcached: phpMemcached({ serialize: 'read' }),
}

const values: readonly unknown[] = [
  'text é🍺',
  '',
  Buffer.from([0, 255, 10]),
  7,
  -(2 ** 40),
  10n ** 30n,
  1.5,
  true,
  null,
  [1, 'a', [2.5, null, [false]], 10n ** 20n],
  { a: 1, b: ['c', { d: 'e' }] },
  new Map<unknown, unknown>([[1, 'x']]),
  new Date(5),
  'abc'.repeat(20),
]

/** Real bytes that none of our writers writes. */
const foreign: readonly [number, Buffer][] = [
  [1, Buffer.from('(dp0\nVa\np1\nI1\nsVb\np2\n(lp3\nVc\np4\na(dp5\nVd\np6\nVe\np7\nsas.', 'latin1')],
  [
    1,
    Buffer.from(
      '(lp0\nc_codecs\nencode\np1\n(Vx\np2\nVlatin1\np3\ntp4\nRp5\nag1\n(V\\u0000ÿ\np6\ng3\ntp7\nRp8\na.',
      'latin1',
    ),
  ],
  [1, Buffer.from('gAWVIgAAAAAAAAB9lCiMAWGUSwGMAWKUXZQojAFjlH2UjAFklIwBZZRzZXUu', 'base64')],
  [1, Buffer.from("(S'a\\x00'\nF-0.1\nI01\nL5L\nt.", 'latin1')],
  [1, Buffer.from('\x04\b[\fI"\x07é\x06:\x06ET@\x06[\x07l+\x07\0\0\0f\b1.5@\x07l+\x07\0\0\0:\x06s;\x06', 'latin1')],
  [1, Buffer.from('\x04\b{\x07I"\x06a\x06:\x06ETi\x06:\x06b{\x06I"\x06c\x06;\0T[\x06i\x06', 'latin1')],
  [4, Buffer.from('a:5:{i:0;i:1;i:1;s:1:"a";i:2;d:2.5;i:3;N;i:4;b:1;}')],
  [4, Buffer.from('O:8:"stdClass":1:{s:1:"a";d:.1;}')],
  [0x50, Buffer.from('cBcAAAVhYmNkZWbg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/Q==', 'base64')],
  [0x30, Buffer.concat([Buffer.from([60, 0, 0, 0]), deflateSync('abc'.repeat(20))])],
  [3, gzipSync('abc'.repeat(20))],
  [2, deflateSync(Buffer.alloc(MAX_BYTES * 16))],
]

const flags = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 24, 32, 33, 48, 64, 80, 84, 256, 512, 768, 1024, 1280, 1536, 1792, 2048,
]

describe.each(Object.entries(layouts))('%s', (_, serde) => {
  const wholes = [...foreign, ...ownValues(serde)]

  it('gives a value or a plain Error for damaged and random items', { timeout }, () => {
    const random = createDamage()
    let longest = 0
    expect(wholes.length).toBeGreaterThan(foreign.length)
    for (let cases = roundsOf(USUAL_CASES); cases > 0; cases--) {
      const [data, clientFlags] = garbage(random, wholes)
      const value = readOrPlainError(serde, data, clientFlags)
      if (value instanceof Uint8Array || typeof value === 'string') longest = Math.max(longest, value.length)
    }
    expect(longest).toBeLessThanOrEqual(MAX_BYTES)
  })
})

describe('json', () => {
  it('gives a value or a plain Error for damaged and random items', { timeout }, () => {
    const random = createDamage()
    const text = Buffer.from('{"a":[1,2.5e3,"é",null,true],"b":"\\u00e9"}')
    for (let cases = roundsOf(USUAL_CASES); cases > 0; cases--) {
      const data = cases % 2 === 0 ? random.damage(text) : random.bytes(random.below(12))
      readOrPlainError(json, data, random.below(2 ** 32))
    }
  })
})

describe('structuredClone', () => {
  it('gives a value or a plain Error for damaged and random items', { timeout }, () => {
    const random = createDamage()
    const rich = {
      date: new Date(5),
      map: new Map<unknown, unknown>([[{ a: 1 }, new Set([1, 'é'])]]),
      expression: /a+/giu,
      bigint: -(10n ** 40n),
      floats: new Float64Array([1.5, 2]),
    }
    const wholes = [rich, [1, 'a', { b: null }], 'text', new DataView(new ArrayBuffer(4))].map((value) =>
      serializeV8(value),
    )
    for (let cases = roundsOf(USUAL_CASES); cases > 0; cases--) {
      const data = cases % 2 === 0 ? random.damage(random.pick(wholes)) : random.bytes(random.below(12))
      readOrPlainError(structuredClone, data, 512)
    }
  })
})

describe('depth', () => {
  it.each(['(', ']', '}', '(lp0\n', '\x80\x02](', ']\x94', '2', '0'])('pickle: survives 200,000 times %j', (opcode) => {
    const data = Buffer.from(`${opcode.repeat(200_000)}.`, 'latin1')
    readOrPlainError(layout('pymemcache'), data, 1)
    readOrPlainError(roomy['pymemcache']!, data, 1)
  })

  it('pickle: reads lists nested 100,000 deep, for it does not recurse', () => {
    const data = Buffer.from(`${']'.repeat(100_000)}${'a'.repeat(99_999)}.`)
    expect(Array.isArray(roomy['pymemcache']!.deserialize(data, 1, 'key'))).toBe(true)
  })

  it.each([
    ['dalli', '\x04\b', '[\x06', 1],
    ['dalli', '\x04\b', '{\x060', 1],
    ['phpMemcached', '', 'a:1:{i:0;', 4],
    ['phpMemcached', '', 'O:8:"stdClass":1:{s:1:"a";', 4],
  ])('%s: refuses %j%j nested 100,000 deep', (name, head, level, clientFlags) => {
    const data = Buffer.from(head + level.repeat(100_000), 'latin1')
    expect(() => roomy[name]!.deserialize(data, clientFlags, 'key')).toThrow('nested deeper than 512 levels')
  })

  it('writes nothing that contains itself', () => {
    const cycle: unknown[] = []
    cycle.push(cycle, cycle)
    expect(() => encodePickle(cycle, 2)).toThrow('contains itself')
    expect(() => layout('dalli').serialize(cycle, 'key')).toThrow('contains itself')
    expect(() => layout('phpMemcached').serialize(cycle, 'key')).toThrow('contains itself')
  })
})

function createDamage(): Random {
  return new Random(createFuzz()() * 2 ** 32)
}

function layout(name: string): Serde {
  return layouts[name]!
}

function ownValues(serde: Serde): [number, Buffer][] {
  const result: [number, Buffer][] = []
  for (const value of values) {
    try {
      const { data, clientFlags } = serde.serialize(value, 'key')
      result.push([clientFlags, Buffer.from(data as string)])
    } catch (error) {
      if ((error as Error).constructor !== Error) throw error
    }
  }
  return result
}

/** Half damaged values, half random bytes; under their own client flags, those of others, or random ones. */
function garbage(random: Random, wholes: readonly (readonly [number, Buffer])[]): [Buffer, number] {
  const [ownFlags, data] = random.pick(wholes)
  const clientFlags = random.pick([ownFlags, ownFlags, random.pick(flags), random.below(2 ** 32)])
  if (random.below(2) === 0) return [random.damage(data), clientFlags]
  return [random.bytes(random.below(24)), clientFlags]
}

function readOrPlainError(serde: Serde, data: Buffer, clientFlags: number): unknown {
  try {
    return serde.deserialize(data, clientFlags, 'key')
  } catch (error) {
    if ((error as Error).constructor !== Error) throw error
    return undefined
  }
}
