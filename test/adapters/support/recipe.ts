import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { transform } from 'esbuild'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import type * as Memlane from '../../../src/exports/index.ts'
import { installPackage } from '../../support/example-folder.ts'
import { patient } from '../../support/memcache-options.ts'

const root = resolve(import.meta.dirname, '../../..')

/** A recipe as an application has it: beside the built package. */
export interface InstalledRecipe<Recipe> {
  /** Exports of the recipe. */
  readonly recipe: Recipe
  /** The package that the recipe uses. */
  readonly memlane: typeof Memlane
  /** Opens a client of that package. It ends with the test. */
  readonly open: (address: string) => Memlane.Memcache
}

/**
 * Takes the code of a recipe out of its page, puts it into a folder where memlane is installed, and imports it, before the
 * tests of a suite. Returns a function that gives it.
 *
 * @param page - Name of the page in docs/adapters.
 * @param name - Name of the file in test/adapters/recipes, whose types are checked.
 */
export function prepareRecipe<Recipe>(page: string, name: string): () => InstalledRecipe<Recipe> {
  // Node finds the hosts from here.
  const folder = join(root, 'test/adapters/node_modules/.memlane-recipes', name)
  let installed: InstalledRecipe<Recipe> | undefined
  beforeAll(async () => {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await installPackage(folder)
    installed = await importRecipe<Recipe>(folder, await readRecipe(page, name))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return () => installed!
}

/** Returns the code block of a page that follows the name of its file. */
async function readRecipe(page: string, name: string): Promise<string> {
  const text = await readFile(join(root, 'docs/adapters', page), 'utf8')
  const [, block = ''] = text.split(`<!-- test/adapters/recipes/${name} -->\n\n\`\`\`ts\n`)
  const code = block.slice(0, block.indexOf('```'))
  const checked = await readFile(join(root, 'test/adapters/recipes', name), 'utf8')
  expect(code, `${page} has the code of ${name}`).toBe(checked)
  return code
}

async function importRecipe<Recipe>(folder: string, code: string): Promise<InstalledRecipe<Recipe>> {
  const program = join(folder, 'recipe.mjs')
  const settings = { compilerOptions: { experimentalDecorators: true } }
  await writeFile(program, (await transform(code, { loader: 'ts', format: 'esm', tsconfigRaw: settings })).code)
  const recipe = await importFile<Recipe>(program)
  const memlane = await importFile<typeof Memlane>(join(folder, 'node_modules/memlane/dist/index.mjs'))
  const open = (address: string): Memlane.Memcache => {
    const cache = new memlane.Memcache(address, patient)
    onTestFinished(() => cache.destroy())
    return cache
  }
  return { recipe, memlane, open }
}

async function importFile<Module>(file: string): Promise<Module> {
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Module
}
