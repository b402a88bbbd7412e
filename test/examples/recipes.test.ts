import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { installExamples } from '../support/example-folder.ts'
import { startMemcached } from '../support/real-memcached.ts'

const root = resolve(import.meta.dirname, '../..')
const recipes = join(root, 'examples/recipes')
const execute = promisify(execFile)

/** What each recipe prints. */
const outputs: Readonly<Record<string, string>> = {
  'cache-aside.mjs': 'Ada after 1 queries\nGrace after 2 queries\nnobody after 3 queries\nnobody after 3 queries\n',
  'stale-while-revalidate.mjs': 'edition 1\nin the background, instead of edition 1\nedition 1\nrendered 2 times\n',
  'once.mjs': "the report is being made\n{ ran: true, value: '3 pages' } { ran: false }\n",
  'rate-limit.mjs': '200, 1 of 3\n200, 2 of 3\n200, 3 of 3\n429, Retry-After: about an hour\n',
  'sessions.mjs': '2 items\nAda is still logged in\n',
  'counter-windows.mjs': '25 logins\n',
  'versioned-namespace.mjs': '2 products\n0 products\n',
  'batch-loading.mjs': 'query for 1, 2\nAda, Grace\nquery for 3, nobody\nBarbara, Ada\n',
}

describe('the recipes', () => {
  let folder: string

  beforeAll(async () => {
    folder = await installExamples('recipes')
  })

  it('are all tried here', async () => {
    expect((await readdir(recipes)).toSorted()).toEqual(Object.keys(outputs).toSorted())
  })

  it.each(Object.keys(outputs))('%s stands in the documentation as it is', async (name) => {
    const page = await readFile(join(root, 'docs/recipes.md'), 'utf8')
    expect(page).toContain(`\`\`\`js\n${await readFile(join(recipes, name), 'utf8')}\`\`\``)
  })

  it.each(Object.entries(outputs))('%s does what it says on the embedded server', async (name, output) => {
    await using server = await MemcachedServer.start()
    const { stdout, stderr } = await execute(process.execPath, [join(folder, name), server.address])
    expect([stdout, stderr]).toEqual([output, ''])
  })

  it.each(Object.entries(outputs))('%s does what it says on memcached, and does it again', async (name, output) => {
    await using server = await startMemcached()
    for (const _run of ['first', 'second']) {
      const { stdout, stderr } = await execute(process.execPath, [join(folder, name), server.address])
      expect([stdout, stderr]).toEqual([output, ''])
    }
  })
})
