import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as errors from '../../src/errors.ts'
import * as door from '../../src/exports/index.ts'

const PAGE = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')

/** The class and the code of every row of the page that has both. */
const rows = [...PAGE.matchAll(/^\| `(\w+)` +\| `(MEMLANE_\w+)` +\|(.*)\|$/gm)].map(([, name, code, rest]) => ({
  name: name!,
  code: code!,
  cells: rest!.split('|').map((cell) => cell.trim()),
}))

type AnyError = new (message: string, details: object, more?: object) => errors.MemcacheError

/** Every class that the package exports, with the code of its errors. */
const exported = Object.entries(door as unknown as Record<string, AnyError>)
  .filter(([name, value]) => value.prototype instanceof errors.MemcacheError && name !== 'MemcacheError')
  .map(([name, kind]) => ({ name, code: new kind('what happened', {}, {}).code }))

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1)

describe('the page about errors', () => {
  it('has each class and its code once, and nothing else', () => {
    expect(rows.map(({ name, code }) => ({ name, code })).toSorted(byName)).toEqual(exported.toSorted(byName))
  })

  it('says of each what it means, what its delivery is, and what to do', () => {
    for (const { name, cells } of rows) {
      expect([name, cells.length, cells.every((cell) => cell.length > 2)]).toEqual([name, 3, true])
    }
  })

  it('knows every code that there is, and no other', () => {
    const source = readFileSync(new URL('../../src/errors.ts', import.meta.url), 'utf8')
    const codes = new Set(source.match(/MEMLANE_\w+/g))
    expect(new Set(PAGE.match(/MEMLANE_\w+/g))).toEqual(codes)
  })

  it('has every delivery and every property', () => {
    const error = new errors.TimeoutError('late', {
      delivery: 'unknown',
      server: 'a:1',
      command: 'get',
      key: 'k',
      cause: 1,
    })
    const { name: _name, ...properties } = error
    for (const property of [...Object.keys(properties), 'cause'])
      expect(PAGE).toMatch(new RegExp(`^\\| \`${property}\``, 'm'))
    for (const delivery of ['not-sent', 'unknown', 'answered'] satisfies errors.Delivery[]) {
      expect(PAGE).toMatch(new RegExp(`^\\| \`'${delivery}'\``, 'm'))
    }
  })
})
