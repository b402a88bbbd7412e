import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { installExamples } from '../support/example-folder.ts'
import { startMemcached } from '../support/real-memcached.ts'

const root = resolve(import.meta.dirname, '../..')
const examples = join(root, 'examples/middleware')
const execute = promisify(execFile)

/** What each example prints. */
const outputs: Readonly<Record<string, string>> = {
  'hit-counts.mjs': 'get: 2 hits, 3 misses\ngetOrSet: 1 hits, 1 misses\n',
  'answers-from-a-map.mjs': "dark Ada\nMap(2) { 'config:limits' => { uploads: 10 }, 'user:1' => 'Ada' }\n",
  'shadow-reads.mjs': '10 of 1000 reads went to the second cluster too: 10 hits, 0 failed\n',
}

describe('the examples of middleware', () => {
  let folder: string

  beforeAll(async () => {
    folder = await installExamples('middleware')
  })

  it('are all tried here', async () => {
    expect((await readdir(examples)).toSorted()).toEqual(Object.keys(outputs).toSorted())
  })

  it.each(Object.keys(outputs))(
    '%s imports only from the package, and stands in the documentation as it is',
    async (name) => {
      const program = await readFile(join(examples, name), 'utf8')
      for (const [, from] of program.matchAll(/ from '([^']+)'/g)) expect(from).toMatch(/^memlane(?:\/|$)/)
      expect(await readFile(join(root, 'docs/middleware.md'), 'utf8')).toContain(`\`\`\`js\n${program}\`\`\``)
    },
  )

  it.each(Object.entries(outputs))('%s does what it says on the embedded server', async (name, output) => {
    await using first = await MemcachedServer.start()
    await using second = await MemcachedServer.start()
    const { stdout, stderr } = await execute(process.execPath, [join(folder, name), first.address, second.address])
    expect([stdout, stderr]).toEqual([output, ''])
  })

  it.each(Object.entries(outputs))('%s does what it says on memcached', async (name, output) => {
    await using first = await startMemcached()
    await using second = await startMemcached()
    const { stdout, stderr } = await execute(process.execPath, [join(folder, name), first.address, second.address])
    expect([stdout, stderr]).toEqual([output, ''])
  })
})
