import { Buffer } from 'node:buffer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dalli, phpMemcached, pylibmc, pymemcache, pythonMemcached } from '../../src/exports/serde.ts'
import { clients } from '../interop/foreign-client.ts'
import { exchange } from '../interop/outcomes.ts'
import type { Pair } from '../interop/pairs.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'
import { Random } from './damage.ts'
import { createFuzz, roundsOf, timeout } from './seed.ts'

const USUAL_VALUES = 400
const MAX_DEPTH = 4
const CHARACTERS = ['a', 'Z', '0', ' ', '\\', '\n', '\r', "'", '"', '\0', '\x1a', 'é', 'ÿ', '日', '🍺', '\ufeff']

/** What of the plain types a language tells apart. */
interface Plain {
  readonly bytes: boolean
  readonly integerBits: number
  readonly emptyDicts: boolean
}

const EVERYTHING: Plain = { bytes: true, integerBits: 200, emptyDicts: true }
/** A PHP string that is UTF-8 is read as text, an empty array as a list. */
const PHP: Plain = { bytes: false, integerBits: 63, emptyDicts: false }

const pickle = { pickle: 'readWrite' } as const

const cases: readonly (readonly [string, Omit<Pair, 'title'>, Plain])[] = [
  ...[0, 1, 2, 3, 4, 5].map((version) => {
    const client = clients.pymemcache
    const serde = pymemcache({ ...pickle, pickleVersion: ([2, 3, 4, 5] as const)[version % 4]! })
    return [`pickle ${version}`, { client, options: { pickle_version: version }, serde }, EVERYTHING] as const
  }),
  ['pylibmc', { client: clients.pylibmc, options: {}, serde: pylibmc(pickle) }, EVERYTHING],
  ['python-memcached', { client: clients.pythonMemcached, options: {}, serde: pythonMemcached(pickle) }, EVERYTHING],
  ['Marshal', { client: clients.dalli, options: {}, serde: dalli({ marshal: 'readWrite' }) }, EVERYTHING],
  [
    'PHP serialize',
    { client: clients.phpMemcached, options: {}, serde: phpMemcached({ serialize: 'readWrite' }) },
    PHP,
  ],
  [
    'PHP JSON',
    { client: clients.phpMemcached, options: { OPT_SERIALIZER: 'SERIALIZER_JSON_ARRAY' }, serde: phpMemcached() },
    { ...PHP, integerBits: 53 },
  ],
]

let server: RealMemcached

beforeAll(async () => {
  server = await startMemcached()
})

afterAll(() => server.stop())

describe.each(cases)('%s', (title, pair, plain) => {
  it('random lists and dicts are the same in both directions', { timeout }, async () => {
    const random = new Random(createFuzz()() * 2 ** 32)
    const count = roundsOf(USUAL_VALUES)
    const samples = Object.fromEntries(
      Array.from({ length: count }, (_, at) => [String(at), [plainValue(random, plain, 0)]]),
    )
    const { outcomes } = await exchange({ title, ...pair }, server.port, 'meta', samples)
    expect(outcomes).toHaveLength(count)
    expect(outcomes.filter(({ theyRead, weRead }) => theyRead !== 'same' || weRead !== 'same')).toEqual([])
  })
})

function plainValue(random: Random, plain: Plain, depth: number): unknown {
  switch (random.below(depth < MAX_DEPTH ? 9 : 7)) {
    case 0:
      return random.pick([null, true, false])
    case 1:
      return integer(random, plain.integerBits)
    case 2:
      return random.below(2 ** 32) / 2 ** random.below(40) - 1000.125
    case 3:
      return plain.bytes ? Buffer.from(random.bytes(random.below(300))) : text(random)
    case 7:
      return Array.from({ length: random.below(6) }, () => plainValue(random, plain, depth + 1))
    case 8:
      return dict(random, plain, depth)
    default:
      return text(random)
  }
}

function integer(random: Random, bits: number): number | bigint {
  const size = BigInt(1 + random.below(bits))
  const value = BigInt(`0x${random.bytes(26).toString('hex')}`) & ((1n << size) - 1n)
  const signed = random.below(2) === 0 ? value : -value
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed
}

function text(random: Random): string {
  return Array.from({ length: random.below(20) }, () => random.pick(CHARACTERS)).join('')
}

/** Its keys are in the order in which JavaScript keeps them: none looks like an index. */
function dict(random: Random, plain: Plain, depth: number): object {
  const size = random.below(5) + (plain.emptyDicts ? 0 : 1)
  return Object.fromEntries(
    Array.from({ length: size }, (_, at) => [`k${at}${text(random)}`, plainValue(random, plain, depth + 1)]),
  )
}
