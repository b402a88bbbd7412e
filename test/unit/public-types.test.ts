import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { readDeclarations, unnamedTypes } from '../support/public-types.ts'

const DIST = fileURLToPath(new URL('../../dist', import.meta.url))

/** Two entry points over one shared file: every type in a signature has a name. */
const PACKAGE = {
  'index.d.mts':
    'import { t as Options, n as Client } from "./shared-x.mjs";\nexport { Client as Cache, type Options };',
  'extra.d.mts': 'import { r as Result } from "./shared-x.mjs";\nexport { type Result };',
  'shared-x.d.mts': `import { EventEmitter } from "node:events";
interface Options { readonly seconds: number }
type Result<T> = { readonly value: T };
interface Hidden {}
declare class Client extends EventEmitter { #private; get<T>(key: string, options?: Options): Promise<Result<T>>; }
export { Result as r, Options as t, Client as n };`,
}

function check(file: keyof typeof PACKAGE, from: string, to: string): string[] {
  expect(PACKAGE[file]).toContain(from)
  const files = { ...PACKAGE, [file]: PACKAGE[file].replace(from, to) }
  return unnamedTypes(new Map(Object.entries(files)), ['index.d.mts', 'extra.d.mts'])
}

describe('the built package', () => {
  const files = readDeclarations(DIST)
  const entries = Object.keys(manifest.exports).filter((path) => path !== './package.json')
  const entryFiles = entries.map((path) => (path === '.' ? 'index.d.mts' : `${path.slice(2).replace('/', '-')}.d.mts`))

  it('gives every type in a public signature a name that can be imported', () => {
    expect(unnamedTypes(files, entryFiles)).toEqual([])
  })

  it('was really read: without the exports of one entry point, others name what nothing exports', () => {
    const problems = unnamedTypes(
      files,
      entryFiles.filter((file) => file !== 'index.d.mts'),
    )
    expect(problems).toContain('MetaClient names MemcacheOptions, which no entry point exports')
    expect(problems).toContain('MemcacheSync names ServerSpec, which no entry point exports')
  })
})

describe('the check of public types', () => {
  it('has nothing to say where every type is exported', () => {
    expect(check('index.d.mts', 'Cache', 'Cache')).toEqual([])
  })

  it('reports a type that is exported no longer, by the name that users know', () => {
    expect(check('index.d.mts', ', type Options', '')).toEqual(['Cache names Options, which no entry point exports'])
    expect(check('extra.d.mts', 'type Result', '')).toEqual(['Cache names Result, which no entry point exports'])
  })

  it.each<[place: string, from: string, to: string]>([
    ['a parameter', 'options?: Options', 'options?: Hidden'],
    ['the argument of a type', 'Promise<Result<T>>', 'Promise<Result<Hidden>>'],
    ['a constraint', 'get<T>', 'get<T extends Hidden>'],
    ['a constructor', '#private;', '#private; constructor(hidden: Hidden);'],
    ['a protected member', '#private;', '#private; protected readonly hidden: Hidden;'],
    ['a base class', 'extends EventEmitter', 'extends Hidden'],
    ['an interface of a class', 'extends EventEmitter', 'extends EventEmitter implements Hidden'],
    ['typeof', '#private;', '#private; readonly hidden: typeof Hidden;'],
    ['a name in a computed key', '#private;', '#private; [Hidden.key](): void;'],
    ['the branch of a condition', 'Promise<Result<T>>', 'T extends (infer U)[] ? Result<U> : Hidden'],
    ['a mapped type', 'Promise<Result<T>>', '{ [K in keyof T]: Hidden }'],
  ])('sees %s', (_, from, to) => {
    expect(check('shared-x.d.mts', from, to)).toEqual(['Cache names Hidden, which no entry point exports'])
  })

  it('sees what the types in a namespace refer to', () => {
    expect(
      check(
        'shared-x.d.mts',
        'interface Hidden {}',
        'interface Hidden {} declare namespace Client { type Inner = Options }',
      ),
    ).toEqual([])
    expect(
      check(
        'shared-x.d.mts',
        'interface Hidden {}',
        'interface Hidden {} declare namespace Client { type Inner = Hidden }',
      ),
    ).toEqual(['Cache names Hidden, which no entry point exports'])
  })

  it('sees what an exported interface extends', () => {
    expect(check('shared-x.d.mts', 'interface Options', 'interface Options extends Hidden')).toEqual([
      'Options names Hidden, which no entry point exports',
    ])
  })

  it.each<[place: string, from: string, to: string]>([
    ['a private member', '#private;', '#private; private hidden: Hidden;'],
    ['a private constructor', '#private;', '#private; private constructor(hidden: Hidden);'],
    ['a type parameter of the same name', 'get<T>(key: string', 'get<Hidden>(key: Hidden'],
    ['an inferred type of the same name', 'Promise<Result<T>>', 'T extends (infer Hidden)[] ? Hidden : T'],
    ['the key of a mapped type', 'Promise<Result<T>>', '{ [Hidden in keyof T]: T[Hidden] }'],
    ['a type of the language', 'Promise<Result<T>>', 'Map<string, Uint8Array>'],
  ])('does not report %s', (_, from, to) => {
    expect(check('shared-x.d.mts', from, to).filter((problem) => problem.includes('Hidden'))).toEqual([])
  })

  it('refuses declarations that it cannot follow', () => {
    expect(() => check('index.d.mts', 't as Options', 'gone as Options')).toThrow('does not export')
    expect(() => check('extra.d.mts', './shared-x.mjs', './gone.mjs')).toThrow('no gone.d.mts')
    expect(() => check('shared-x.d.mts', 'interface Hidden {}', 'declare namespace Hidden {}')).toThrow('TSModule')
  })
})
