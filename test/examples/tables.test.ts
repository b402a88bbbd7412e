import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'

const root = resolve(import.meta.dirname, '../..')

/** The rows of the first table of a page, without its head. */
function rowsOf(page: string): string[] {
  const lines = readFileSync(join(root, 'docs', page), 'utf8').split('\n')
  const rows = lines.slice(lines.findIndex((line) => line.startsWith('| ')))
  return rows.slice(0, rows.indexOf('')).slice(2)
}

/** What stands in backticks before a parenthesis, a dot or the end. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/`([a-zA-Z]+)(?=[(`.])/g)].map(([, name]) => name!)
}

const members = Object.getOwnPropertyNames(Memcache.prototype).filter((name) => name !== 'constructor')

describe('the table of commands', () => {
  const calls = rowsOf('commands.md').flatMap((row) => namesIn(row.split(' | ')[0]!))

  it.each(members)('names %s', (name) => {
    expect(calls).toContain(name)
  })

  it.each([...new Set(calls)].filter((name) => name !== 'await'))('names %s, which exists', (name) => {
    expect(members).toContain(name)
  })
})

describe('the table of options', () => {
  const documented = rowsOf('options.md').flatMap(namesIn)
  const files = ['client/options.ts', 'client/wrapper-options.ts', 'connection/options.ts']
  const known = files.flatMap((file) => optionsIn(readFileSync(join(root, 'src', file), 'utf8')))

  it.each(known)('names %s', (name) => {
    expect(documented).toContain(name)
  })
})

/** The members of the interfaces from which the client's options are made. */
function optionsIn(source: string): string[] {
  const bodies = source.matchAll(
    /export interface (?:MemcacheOptions|ConnectionOptions|WrapperOptions)\b[^{]*\{(.*?)\n\}/gs,
  )
  return [...bodies].flatMap(([, body]) => [...body!.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name!))
}
