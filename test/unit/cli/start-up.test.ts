import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../src/cli/registry.ts'

const DIST = resolve(import.meta.dirname, '../../../dist')

/** As many as there are now: a change that makes more must say why. To find, read and link a module costs Node about 1 ms. */
const MOST_MODULES = 5

/** Modules of the package that are loaded with a module, itself included, before it runs. */
function modulesOf(entry: string): string[] {
  const found = new Set<string>()
  const visit = (name: string): void => {
    if (found.has(name)) return
    found.add(name)
    const code = readFileSync(join(DIST, name), 'utf8')
    for (const [, next] of code.matchAll(/^(?:import|export)\b.*?"\.\/(.+?)";$/gmu)) visit(next!)
  }
  visit(entry)
  return [...found]
}

/** The built module of a command. */
function moduleOf(command: string): string {
  return readdirSync(DIST).find((name) => name.startsWith(`cli-${command}-`) && name.endsWith('.mjs')) ?? ''
}

const start = modulesOf('cli.mjs')

describe('memlane starts fast', () => {
  it('with few modules, none of which is a client', () => {
    expect(start.length).toBeGreaterThan(1)
    expect(start.slice(MOST_MODULES)).toEqual([])
    for (const name of start)
      expect(readFileSync(join(DIST, name), 'utf8')).not.toMatch(/class (?:Memcache|Connection) /)
  })

  it.each(['get', 'set', 'delete', 'version', 'mg'])('%s takes two more, besides the client', (command) => {
    expect(modulesOf(moduleOf(command)).filter((name) => !start.includes(name)).length).toBeLessThanOrEqual(2)
  })

  it.each(COMMANDS.map(({ name }) => name))('%s is a module of its own', (command) => {
    expect(moduleOf(command)).not.toBe('')
    expect(start).not.toContain(moduleOf(command))
  })
})
