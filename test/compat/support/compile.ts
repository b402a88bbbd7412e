import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const TSC = resolve(import.meta.dirname, '../../../node_modules/typescript/bin/tsc')
const TYPES = resolve(import.meta.dirname, '../types')

/** Compiles a program of `test/compat/types`; returns the messages of the compiler. */
export async function compile(folder: string, config: string): Promise<string> {
  const project = join(TYPES, folder, `tsconfig.${config}.json`)
  const run = promisify(execFile)(process.execPath, [TSC, '--noEmit', '-p', project])
  return run.then(
    ({ stdout }) => stdout,
    (error: { readonly stdout: string }) => error.stdout,
  )
}
