import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { build } from 'tsdown'
import { expect, inject } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** Default time to connect, in the source and in examples that run on a busy machine. */
const [DEFAULT_MS, PATIENT_MS] = ['options.connectTimeoutMs, 500)', 'options.connectTimeoutMs, 60_000)']

/**
 * Copies the programs of `examples/NAME` into a folder where `memlane` is installed: the package built from the source, with
 * more time to connect.
 *
 * @param entries - The entry points beside `memlane` itself that they import.
 * @returns The folder.
 */
export async function installExamples(name: string, ...entries: string[]): Promise<string> {
  const folder = join(inject('temporaryFolder'), name)
  await buildPackage(join(folder, 'node_modules', 'memlane'), ['index', ...entries])
  const examples = join(root, 'examples', name)
  for (const file of await readdir(examples)) await copyFile(join(examples, file), join(folder, file))
  return folder
}

async function buildPackage(outDir: string, entries: readonly string[]): Promise<void> {
  const entry = Object.fromEntries(entries.map((name) => [name, join(root, `src/exports/${name}.ts`)]))
  const common = { config: false, format: 'esm', dts: false, logLevel: 'silent', platform: 'node' } as const
  await build({ ...common, entry, outDir })
  await mkdir(outDir, { recursive: true })
  const paths = entries.map((name) => [name === 'index' ? '.' : `./${name}`, `./${name}.mjs`])
  const exports: unknown = Object.fromEntries(paths)
  await writeFile(join(outDir, 'package.json'), JSON.stringify({ name: 'memlane', type: 'module', exports }))
  await lengthenConnecting(outDir)
}

async function lengthenConnecting(folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.mjs')).map((name) => join(folder, name))
  const codes = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  expect(codes.filter((code) => code.includes(DEFAULT_MS))).toHaveLength(1)
  await Promise.all(files.map((file, at) => writeFile(file, codes[at]!.replace(DEFAULT_MS, PATIENT_MS))))
}
