import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { installExamples } from '../support/example-folder.ts'
import { startMemcached } from '../support/real-memcached.ts'

const root = resolve(import.meta.dirname, '../..')
const examples = join(root, 'examples/keys')
const execute = promisify(execFile)

/** What each example prints. */
const outputs: Readonly<Record<string, string>> = {
  'report.mjs': 'page: 1 items, 88 bytes\nuser: 2 items, 152 bytes\n',
  'delete-by-prefix.mjs': '2 deleted\n0 deleted\nx\n1 deleted\n',
}

describe('the examples of key listings', () => {
  let folder: string

  beforeAll(async () => {
    folder = await installExamples('keys', 'keys')
  })

  it('are all tried here', async () => {
    expect((await readdir(examples)).toSorted()).toEqual(Object.keys(outputs).toSorted())
  })

  it.each(Object.keys(outputs))('%s stands in the documentation as it is', async (name) => {
    const page = await readFile(join(root, 'docs/keys.md'), 'utf8')
    expect(page).toContain(`\`\`\`js\n${await readFile(join(examples, name), 'utf8')}\`\`\``)
  })

  it.each(Object.entries(outputs))('%s does what it says on the embedded server', async (name, output) => {
    await using server = await MemcachedServer.start()
    const { stdout, stderr } = await execute(process.execPath, [join(folder, name), server.address])
    expect([stdout, stderr]).toEqual([output, ''])
  })

  it.each(Object.entries(outputs))('%s does what it says on memcached', async (name, output) => {
    await using server = await startMemcached()
    const { stdout, stderr } = await execute(process.execPath, [join(folder, name), server.address])
    expect([stdout, stderr]).toEqual([output, ''])
  })
})
