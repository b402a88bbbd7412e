import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const TSC = resolve(import.meta.dirname, '../../node_modules/typescript/bin/tsc')

/** Compiles a program; gives what the compiler says. */
async function compile(config: string): Promise<string> {
  const project = join(import.meta.dirname, 'types/memjs', `tsconfig.${config}.json`)
  const run = promisify(execFile)(process.execPath, [TSC, '--noEmit', '-p', project])
  return run.then(
    ({ stdout }) => stdout,
    (error: { readonly stdout: string }) => error.stdout,
  )
}

describe('a program with types', () => {
  it.each([
    ['those of @types/memjs, for which it was written', 'original'],
    ['those of the shim, as a module', 'shim-esm'],
    ['those of the shim, in CommonJS', 'shim-cjs'],
    ['what the shim has besides', 'shim'],
  ])('compiles with %s', async (_name, config) => {
    expect(await compile(config)).toBe('')
  })
})
