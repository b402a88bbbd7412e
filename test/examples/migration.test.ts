import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { pymemcache } from '../../src/exports/serde.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { installPackage } from '../support/example-folder.ts'
import { blocksOf, brokenLinks, readPages, sourceOf, spansOf } from '../support/migration-pages.ts'
import { wrongBlocks, wrongSpans } from '../support/migration-program.ts'

const execute = promisify(execFile)
const pages = readPages()
const spans = [...pages].flatMap(([page, text]) => spansOf(page, text))
const blocks = [...pages].flatMap(([page, text]) => blocksOf(page, text))

const isEntryPoint = (code: string): boolean => /^memlane\/[\w/-]+$/.test(code)
/** Of the old clients' code, only what imports memlane's shims is memlane's business. */
const isAboutMemlane = (code: string): boolean =>
  /\bmemlane\b|new Memcache\(/.test(code) && !/from 'memcache'/.test(code)

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'memlane-migration-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('the pages about other clients', () => {
  it('are read', () => {
    expect([...pages.keys()]).toEqual(expect.arrayContaining(['README.md', 'pymemcache.md', 'memcached.md']))
    expect(spans.length).toBeGreaterThan(200)
  })

  it('name calls, options and exports that memlane has', async () => {
    const codes = [...new Set(spans.map(({ code }) => code).filter((code) => !isEntryPoint(code)))]
    expect((await wrongSpans(join(folder, 'spans'), codes)).join('\n')).toBe('')
  })

  it('name entry points that the package has', () => {
    const exported = Object.keys(manifest.exports)
    const named = [...pages.values()].flatMap((text) => [...text.matchAll(/memlane\/(?:compat\/)?[a-z][a-z-]*/g)])
    const unknown = named.map(([path]) => path).filter((path) => sourceOf(path, exported) === undefined)
    expect(unknown.filter((path) => path !== 'memlane/compat')).toEqual([])
  })

  it.each([...pages.keys()])('%s has links that lead somewhere', (page) => {
    expect(brokenLinks(pages.get(page)!)).toEqual([])
  })

  it('have TypeScript that compiles', async () => {
    const codes = blocks.filter(({ language }) => language === 'ts').map(({ code }) => code)
    expect((await wrongBlocks(join(folder, 'ts'), codes, true)).join('\n')).toBe('')
  })

  it('have JavaScript that names what memlane has', async () => {
    const codes = blocks
      .filter(({ language, code }) => language === 'js' && isAboutMemlane(code))
      .map(({ code }) => code)
    expect((await wrongBlocks(join(folder, 'js'), codes, false)).join('\n')).toBe('')
  })
})

describe('the check of these pages', () => {
  it.each<[code: string, message: string]>([
    ['getMulti(keys)', "Cannot find name 'getMulti'"],
    ['set(key, value, { expire: 60 })', "'expire' does not exist"],
    ["set(key, value, { ttl: '60' })", "Type 'string' is not assignable"],
    ['cluster: { retries: 2 }', "'retries' does not exist"],
    ["failures: 'ignore'", 'not assignable'],
    ['commandTimeoutMs', 'not assignable'],
    ['routing.pylibmc()', "Property 'pylibmc' does not exist"],
    ["serde: pymemcache({ pickles: 'read' })", "'pickles' does not exist"],
  ])('refuses %s', async (code, message) => {
    expect(await wrongSpans(join(folder, `wrong ${code.length}`), [code])).toEqual([
      expect.stringMatching(new RegExp(`^.*${message}`)),
    ])
  })

  it('refuses a call in a block of JavaScript', async () => {
    const codes = ['const found = await cache.getMulti([])\n']
    const [message] = await wrongBlocks(join(folder, 'wrong js'), codes, false)
    expect(message).toContain("Property 'getMulti' does not exist")
  })

  it('finds links to pages and headings that are not there', () => {
    expect(brokenLinks('[a](nowhere.md) [b](README.md#no-such-heading) [c](README.md) [d](#e)\n\n## E')).toEqual([
      'nowhere.md',
      'README.md#no-such-heading',
    ])
  })
})

describe('the examples for the new client', () => {
  const after = blocks.filter(
    ({ language, code }) => language === 'ts' && /^import \{ Memcache \} .*\n[\s\S]*visits/.test(code),
  )
  const printed: Readonly<Record<string, string>> = {
    'pymemcache.md': '["Ada",null,[["user:1","Ada"]]]',
    'pylibmc.md': '["Ada",1,[["1","Ada"]]]',
    'aisk-memcache.md': '["Ada",1,[["user:1","Ada"]]]',
    'memcache-client.md': '[{"name":"Ada"},null,[["user:1",{"name":"Ada"}]]]',
    'memcache.md': '[{"name":"Ada"},null,[["user:1","{\\"name\\":\\"Ada\\"}"]]]',
  }

  it('are all tried here', () => {
    expect(after.map(({ page }) => page).toSorted()).toEqual(Object.keys(printed).toSorted())
  })

  it.each(after.map(({ page, code }) => [page, code] as const))('that of %s runs', async (page, code) => {
    await installPackage(folder)
    await using first = await MemcachedServer.start()
    await using second = await MemcachedServer.start()
    const here = code
      .replaceAll('10.0.0.1:11211', first.address)
      .replaceAll('10.0.0.2:11211', second.address)
      .replaceAll(': unknown =', ' =')
      .replaceAll('<string>(', '(')
    const shown = code.includes('const name') ? 'name' : 'user'
    const end = `console.log(JSON.stringify([${shown}, visits ?? null, [...users]]))\nawait cache.close()\n`
    const file = join(folder, `${page}.mjs`)
    await writeFile(file, `${here}${end}`)
    expect((await execute(process.execPath, [file])).stdout).toBe(`${printed[page]}\n`)
  })
})

describe('python-memcache', () => {
  const vectors = new URL('../vectors/values/values_aisk_and_meta_memcache.json', import.meta.url)
  const { values } = JSON.parse(readFileSync(vectors, 'utf8')) as { readonly values: readonly Row[] }
  const expected = ['hello', 'olé 🍺', 'a'.repeat(129), Buffer.alloc(0), 0, 2n ** 64n, 0, 1.5, { a: 1 }]

  it('0.14.0 has stored what pymemcache() reads, as its page says', () => {
    const serde = pymemcache({ pickle: 'read' })
    const read = values.map(({ aisk_0_14: { base64, flags } }) =>
      serde.deserialize(Buffer.from(base64, 'base64'), flags, 'key'),
    )
    expect(read).toEqual(expected)
  })
})

interface Row {
  readonly aisk_0_14: { readonly flags: number; readonly base64: string }
}
