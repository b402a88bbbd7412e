import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkFloorPlan, readSources } from '../support/floor-plan.ts'

const SRC = fileURLToPath(new URL('../../src', import.meta.url))

/** A house in order, to break one rule at a time in. */
const HOUSE = {
  'errors.ts': 'export class A {}',
  'ttl.ts': "import { A } from './errors.ts'",
  'seam/executor.ts': "import type { K } from '../protocol/key.ts'\nimport { A } from '../errors.ts'",
  'protocol/key.ts': "import { Buffer } from 'node:buffer'\nimport { A } from '../errors.ts'",
  'protocol/meta/encode.ts': "import { K } from '../key.ts'",
  'serde/raw.ts': '',
  'routing/hash/md5.ts': '',
  'connection/connection.ts': "import net from 'node:net'\nimport type { E } from '../seam/executor.ts'",
  'server/store.ts': "import { K } from '../protocol/key.ts'",
  'pool/pool.ts': "import { C } from '../connection/connection.ts'",
  'client/memcache.ts':
    "import type { Peer } from 'some-peer'\nimport type { P } from '../pool/pool.ts'\nimport { E } from '../seam/executor.ts'",
  'client/compose.ts': "import { P } from '../pool/pool.ts'",
  'sync/core.ts': "import { L } from './bridge/link.ts'\nimport { R } from './direct/reads.ts'",
  'sync/bridge/link.ts': "import type { P } from '../../protocol/key.ts'",
  'sync/direct/reads.ts': "import { L } from '../bridge/link.ts'",
  'testing/mock.ts': "import { S } from '../server/store.ts'",
  'exports/index.ts': "// The door.\nexport { A } from '../errors.ts'\nexport type { K } from '../protocol/key.ts'\n",
}

const BELOW_SEAM = /values below the seam, from (?:pool|connection)\//

function check(changes: Record<string, string> = {}): string[] {
  return checkFloorPlan(new Map(Object.entries({ ...HOUSE, ...changes })))
}

describe('src', () => {
  const sources = readSources(SRC)

  it('keeps to the floor plan: no upward, sideways or cyclic import, a pure first floor, no runtime dependency', () => {
    expect(checkFloorPlan(sources)).toEqual([])
  })

  it('was really read', () => {
    expect(sources.has('errors.ts')).toBe(true)
    expect(sources.get('exports/index.ts')).toContain('export')
  })
})

describe('the floor plan checker', () => {
  it('has nothing to say of a house in order', () => {
    expect(check()).toEqual([])
  })

  it('lets the file that loads the API of OpenTelemetry use require, and no other beside it', () => {
    const source = 'const load = createRequire(import.meta.url)'
    expect(check({ 'otel/load-api.ts': source })).toEqual([])
    expect(check({ 'otel/spans.ts': source })).toEqual(['otel/spans.ts: it uses require'])
  })

  it.each<[rule: string, path: string, source: string, problem: RegExp]>([
    ['an upward import', 'pool/pool.ts', "import { M } from '../client/memcache.ts'", /up, from client\/memcache\.ts/],
    [
      'an upward type import',
      'protocol/key.ts',
      "import type { E } from '../seam/executor.ts'",
      /up, from seam\/executor\.ts/,
    ],
    ['an upward import by a word', 'ttl.ts', "import { E } from './seam/executor.ts'", /up, from seam\/executor\.ts/],
    [
      'an upward import by the seam',
      'seam/executor.ts',
      "import { P } from '../pool/pool.ts'",
      /up, from pool\/pool\.ts/,
    ],
    ['an upward import()', 'pool/pool.ts', "const m = () => import('../client/memcache.ts')", /up, from client/],
    ['an upward import without names', 'pool/pool.ts', "import '../client/memcache.ts'", /up, from client/],
    ['an upward type by import()', 'pool/pool.ts', "type M = import('../client/memcache.ts').M", /up, from client/],
    [
      'an import over several lines',
      'pool/pool.ts',
      "import {\n  M,\n} from '../client/memcache.ts'",
      /up, from client/,
    ],
    ['a namespace import', 'pool/pool.ts', "import * as m from '../client/memcache.ts'", /up, from client/],
    ['a sideways import', 'server/store.ts', "import '../connection/connection.ts'", /sideways, from connection/],
    [
      'a sideways type import',
      'serde/raw.ts',
      "import type { K } from '../protocol/key.ts'",
      /sideways, from protocol/,
    ],
    ['a client that sees below the seam', 'client/memcache.ts', "import { P } from '../pool/pool.ts'", BELOW_SEAM],
    [
      'the synchronous client below the seam',
      'sync/core.ts',
      "import { C } from '../connection/connection.ts'",
      BELOW_SEAM,
    ],
    [
      'a bridge that knows the direct way',
      'sync/bridge/link.ts',
      "import type { R } from '../direct/reads.ts'",
      /up, from sync\/direct/,
    ],
    [
      'a bridge that knows what is above it',
      'sync/bridge/link.ts',
      "import { S } from '../core.ts'",
      /up, from sync\/core\.ts/,
    ],
    ['a test tool below the seam', 'testing/mock.ts', "import { C } from '../connection/connection.ts'", BELOW_SEAM],
    [
      'a value among types from below the seam',
      'client/memcache.ts',
      "import { type P, p } from '../pool/pool.ts'",
      BELOW_SEAM,
    ],
    ['an import() below the seam', 'client/memcache.ts', "const p = () => import('../pool/pool.ts')", BELOW_SEAM],
    ['an import of a door', 'client/memcache.ts', "import { A } from '../exports/index.ts'", /up, from exports/],
    ['an import of nothing', 'ttl.ts', "import { A } from './error.ts'", /\.\/error\.ts, which is not in src/],
    ['an import that leaves src', 'ttl.ts', "import p from '../package.json'", /which is not in src/],
    ['an import() of a variable', 'pool/pool.ts', 'const m = (p: string) => import(p)', /must name its file/],
    ['a require', 'pool/pool.ts', "const net = require('net')", /require/],
    ['a cycle', 'errors.ts', "import type { T } from './ttl.ts'", /cycle: .*errors\.ts → .*ttl\.ts|cycle: ttl\.ts → /],
    ['a file that imports itself', 'serde/raw.ts', "import type { R } from './raw.ts'", /cycle: serde\/raw\.ts/],
    ['a barrel', 'client/memcache.ts', "export { P } from '../pool/pool.ts'", /only files in exports\/ re-export/],
    ['a barrel of everything', 'client/memcache.ts', "export * from '../pool/pool.ts'", /only files in exports\//],
    ['a barrel of types', 'client/memcache.ts', "export type { P } from '../pool/pool.ts'", /only files in exports\//],
    ['code in a door', 'exports/index.ts', 'export const answer = 42', /a door has nothing but/],
    [
      'a socket on the pure floor',
      'protocol/key.ts',
      "import net from 'node:net'",
      /node:net; this floor does no input/,
    ],
    ['a Buffer in routing', 'routing/hash/md5.ts', "import { Buffer } from 'node:buffer'", /node:buffer; this floor/],
    ['a timer on the pure floor', 'serde/raw.ts', 'setTimeout(f, 1)', /mentions setTimeout/],
    ['an interval on the pure floor', 'serde/raw.ts', 'setInterval(f, 1)', /mentions setInterval/],
    ['an immediate on the pure floor', 'serde/raw.ts', 'setImmediate(f)', /mentions setImmediate/],
    ['a tick on the pure floor', 'serde/raw.ts', 'process.nextTick(f)', /mentions nextTick/],
    ['a promise on the pure floor', 'serde/raw.ts', 'const p: Promise<void> = f()', /mentions Promise/],
    ['an async function on the pure floor', 'serde/raw.ts', 'async function f() {}', /mentions async/],
    ['a runtime dependency', 'client/memcache.ts', "import { x } from 'lodash'", /the package lodash/],
    ['a type among the values of a package', 'client/memcache.ts', "import { type X } from 'lodash'", /package lodash/],
    ['a builtin without node:', 'pool/pool.ts', "import net from 'net'", /the package net/],
    ['a folder without a floor', 'utils/misc.ts', '', /no floor; add it to FLOORS in test\/support\/floor-plan\.ts/],
  ])('catches %s', (_, path, source, problem) => {
    const problems = check({ [path]: source })
    const found = problems.find((sentence) => problem.test(sentence))
    expect(found).toContain(path)
    // An import upwards closes a cycle where the other file imports this one.
    expect(problems.filter((sentence) => sentence !== found && !sentence.startsWith('import cycle'))).toEqual([])
  })

  it.each([
    "/**\n * import { M } from '../client/memcache.ts'\n * setTimeout, Promise\n */",
    "// import { M } from '../client/memcache.ts'",
    'const text = "no setTimeout, no Promise"',
    'const pattern = /["\'`]/\nconst more = /\\/\\*/\n',
  ])('does not mistake comments, texts and patterns for code: %j', (source) => {
    expect(check({ 'serde/raw.ts': source })).toEqual([])
  })

  it('sees what stands behind a pattern with quotes or slashes in it', () => {
    const source = "const pattern = text.split(/[`'/*]/)\nconst mark = /\\/\\//\nimport '../client/memcache.ts'"
    expect(check({ 'pool/pool.ts': source })[0]).toMatch(/up, from client/)
  })
})
