import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const HERE = import.meta.dirname
const ROOT = resolve(HERE, '../..')
const run = promisify(execFile)

const NODENEXT = ['--module', 'nodenext', '--moduleResolution', 'nodenext']
const BUNDLER = ['--module', 'esnext', '--moduleResolution', 'bundler']
const COMMON_JS = ['--module', 'commonjs', '--moduleResolution', 'node10', '--esModuleInterop']
const COMMON_JS_BUNDLER = ['--module', 'commonjs', '--moduleResolution', 'bundler', '--esModuleInterop']

/** Compilers, and the ways to resolve a package that each has: 7.0 has no `node10`, and 6.0 warns of it. */
const MATRIX = [
  ...['5.2', '5.4', '5.9'].flatMap((version) => [
    [version, NODENEXT] as const,
    [version, BUNDLER] as const,
    [version, COMMON_JS] as const,
  ]),
  ['6.0', NODENEXT],
  ['6.0', BUNDLER],
  ['6.0', [...COMMON_JS, '--ignoreDeprecations', '6.0']],
  ['6.0', COMMON_JS_BUNDLER],
  ['7.0', NODENEXT],
  ['7.0', BUNDLER],
  ['7.0', COMMON_JS_BUNDLER],
] as const satisfies readonly (readonly [version: string, flags: readonly string[]])[]

const CASES = MATRIX.map(([version, flags]) => ({ version, flags, how: `${flags[1]} and ${flags[3]}` }))

/** What the compiler prints about a program; nothing, if it compiles. */
async function compile(folder: string, version: string, flags: readonly string[], program: string): Promise<string> {
  const compiler = join(HERE, 'node_modules', `typescript-${version}`, 'bin', 'tsc')
  const args = [compiler, '--noEmit', '--strict', '--target', 'es2022', ...flags, join(folder, program)]
  const printed = await run(process.execPath, args, { cwd: folder }).catch((error: unknown) => error)
  return (printed as { readonly stdout: string }).stdout
}

describe('the types of the built package', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'memlane-types-'))
    const installed = join(folder, 'node_modules', 'memlane')
    await mkdir(installed, { recursive: true })
    await cp(join(HERE, 'program'), folder, { recursive: true })
    await cp(join(ROOT, 'package.json'), join(installed, 'package.json'))
    await cp(join(ROOT, 'dist'), join(installed, 'dist'), { recursive: true })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  describe('beside @types/node', () => {
    beforeAll(async () => {
      for (const name of ['@types', 'undici-types']) {
        await symlink(join(HERE, 'node_modules', name), join(folder, 'node_modules', name))
      }
    })
    afterAll(async () => {
      for (const name of ['@types', 'undici-types']) await rm(join(folder, 'node_modules', name))
    })

    it.each(CASES)('TypeScript $version, $how, declarations checked', async ({ version, flags }) => {
      expect(await compile(folder, version, flags, 'main.ts')).toBe('')
    })
  })

  it.each(['5.4', '5.9', '6.0', '7.0'])('without @types/node, TypeScript %s, declarations checked', async (version) => {
    const flags = [...BUNDLER, '--lib', 'es2022,dom']
    expect(await compile(folder, version, flags, 'without-node.ts')).toBe('')
  })
})
