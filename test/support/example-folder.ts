import { copyFile, cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, inject } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** Default time to connect, in the package and in the copy that examples use. */
const [DEFAULT_MS, PATIENT_MS] = ['options.connectTimeoutMs, 500)', 'options.connectTimeoutMs, 60_000)']

/** Copies the programs of `examples/NAME` into a folder where `memlane` is installed; returns the folder. */
export async function installExamples(name: string): Promise<string> {
  const folder = join(inject('temporaryFolder'), name)
  await installPackage(folder)
  const examples = join(root, 'examples', name)
  for (const file of await readdir(examples)) await copyFile(join(examples, file), join(folder, file))
  return folder
}

/**
 * Installs the built package in a folder as an application has it, through its exports map. Its clients get more time to
 * connect: the default may be too short on a busy machine.
 *
 * @param folder - Its `node_modules` gets the package.
 */
export async function installPackage(folder: string): Promise<void> {
  const target = join(folder, 'node_modules', 'memlane')
  await cp(join(root, 'dist'), join(target, 'dist'), { recursive: true })
  await copyFile(join(root, 'package.json'), join(target, 'package.json'))
  await lengthenConnecting(join(target, 'dist'))
}

async function lengthenConnecting(folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.mjs')).map((name) => join(folder, name))
  const codes = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  const at = codes.findIndex((code) => code.includes(DEFAULT_MS))
  expect(at, 'the default of connectTimeoutMs stands in the package').not.toBe(-1)
  await writeFile(files[at]!, codes[at]!.replace(DEFAULT_MS, PATIENT_MS))
}
