import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const DIST = resolve(import.meta.dirname, '../../dist')

/** As many as there are now: a change that makes more must say why. */
const MOST_MODULES = 13

/** The modules of the package that an entry point loads, itself included. */
function modulesOf(entry: string): Map<string, string> {
  const found = new Map<string, string>()
  const visit = (name: string): void => {
    if (found.has(name)) return
    const code = readFileSync(join(DIST, name), 'utf8')
    found.set(name, code)
    for (const [, next] of code.matchAll(/^(?:import|export)\b.*? from "\.\/(.+?)";$/gmu)) visit(next!)
  }
  visit(entry)
  return found
}

/** The modules of Node that a process loads for an import, and had not loaded before. */
async function builtinsOf(entry: string): Promise<string[]> {
  const program = join(import.meta.dirname, '../support/loaded-modules.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [program, join(DIST, entry)])
  return JSON.parse(stdout) as string[]
}

describe.each(['index.mjs', 'meta.mjs'])('an import of %s', (entry) => {
  const modules = modulesOf(entry)

  // To find, read and link a module costs Node about 1 ms.
  it('loads few modules of the package', () => {
    expect(modules.size).toBeGreaterThan(1)
    expect([...modules.keys()].slice(MOST_MODULES)).toEqual([])
  })

  it('loads no code that is not ASCII, which would take twice the memory', () => {
    for (const code of modules.values()) expect(/[\u0080-\uffff]/u.exec(code)).toBeNull()
  })

  it('loads none of the modules of Node that take long, or open sockets', async () => {
    const builtins = await builtinsOf(entry)
    expect(builtins.length).toBeLessThan(12)
    const heavy = /\b(?:crypto|zlib|stream|net|tls|dns|http|worker_threads|fs)$/u
    expect(builtins.filter((name) => heavy.test(name))).toEqual([])
  })
})
