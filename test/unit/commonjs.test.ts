import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

const DIST = resolve(import.meta.dirname, '../../dist')
const load = createRequire(import.meta.url)

const files = readdirSync(DIST)
  .filter((name) => name.endsWith('.cjs'))
  .map((name) => ({ name, code: readFileSync(join(DIST, name), 'utf8') }))

const entries = Object.keys(manifest.exports)
  .filter((path) => path !== './package.json')
  .map((path) => (path === '.' ? 'index' : path.slice(2).replace('/', '-')))

/** A module that names what `require()` gives: that is all that the CommonJS file has. */
function expectSameClass(commonJs: unknown, module: Readonly<Record<string, unknown>>): void {
  expect(module['default']).toBe(module['module.exports'])
  expect(String(commonJs)).toMatch(/^class /)
  expect((commonJs as { readonly name: string }).name).toBe((module['default'] as { readonly name: string }).name)
}

describe('the CommonJS files of the package', () => {
  it.each(entries)('export what the modules do, by the same names: %s', async (entry) => {
    const commonJs = load(join(DIST, `${entry}.cjs`)) as Record<string, { readonly name: string }>
    const module = (await import(/* @vite-ignore */ join(DIST, `${entry}.mjs`))) as typeof commonJs
    if ('module.exports' in module) return expectSameClass(commonJs, module)
    expect(Object.keys(commonJs).toSorted()).toEqual(Object.keys(module).toSorted())
    const names = (of: typeof commonJs) => Object.entries(of).map(([name, value]) => [name, value.name] as const)
    expect(new Map(names(commonJs))).toEqual(new Map(names(module)))
  })

  it('name in quotes what they require', () => {
    const required = files.flatMap(({ code }) => code.match(/\brequire\(.{20}/g) ?? [])
    expect(required.length).toBeGreaterThan(50)
    expect(required.filter((call) => !call.startsWith(`require("`))).toEqual([])
  })
})
