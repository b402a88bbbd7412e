import { execFile } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'tsdown'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { startMemcached } from '../support/real-memcached.ts'

const root = resolve(import.meta.dirname, '../..')
const examples = join(root, 'examples/chunks')
const execute = promisify(execFile)

/** What each example prints. */
const outputs: Readonly<Record<string, string>> = {
  'large-value.mjs': 'true\n3000000 true\n1\ntrue\nundefined\n',
  'streams.mjs': 'true\n2000000\nundefined\n',
}

describe('the examples of values in chunks', () => {
  const folder = join(inject('temporaryFolder'), 'chunks')

  beforeAll(async () => {
    const outDir = join(folder, 'node_modules', 'memlane')
    const entry = { index: join(root, 'src/exports/index.ts'), chunks: join(root, 'src/exports/chunks.ts') }
    await build({ config: false, entry, outDir, format: 'esm', dts: false, logLevel: 'silent', platform: 'node' })
    await mkdir(folder, { recursive: true })
    const exports = { '.': './index.mjs', './chunks': './chunks.mjs' }
    await writeFile(join(outDir, 'package.json'), JSON.stringify({ name: 'memlane', type: 'module', exports }))
    for (const name of await readdir(examples)) await copyFile(join(examples, name), join(folder, name))
  })

  it('are all tried here', async () => {
    expect((await readdir(examples)).toSorted()).toEqual(Object.keys(outputs).toSorted())
  })

  it.each(Object.keys(outputs))('%s stands in the documentation as it is', async (name) => {
    const page = await readFile(join(root, 'docs/chunks.md'), 'utf8')
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
