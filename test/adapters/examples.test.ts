import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { installPackage } from '../support/example-folder.ts'
import { startMemcached } from '../support/real-memcached.ts'

const root = resolve(import.meta.dirname, '../..')
const examples = join(root, 'examples/adapters')
const modules = join(import.meta.dirname, 'node_modules')
/** Where Node finds the hosts, and memlane as an application does. */
let folder = ''

/** Output of each example. */
const outputs: Readonly<Record<string, string>> = {
  'bentocache.mjs': 'user 1, load 1\nuser 1, load 1\nuser 1, load 2\n',
  'keyv.mjs': "{ name: 'Ada' } undefined\n",
  'rate-limit.mjs': '200\n200\n429\n',
  'session.mjs': 'visit 1 · visit 2\n',
  'unstorage.mjs': "{ name: 'Ada' } null\n",
}

async function run(name: string, address: string): Promise<[string, string]> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(folder, name), address])
  return [stdout, stderr]
}

describe('the examples of adapters', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(modules, '.memlane-examples-'))
    await mkdir(join(folder, 'node_modules'))
    await installPackage(folder)
    for (const name of await readdir(examples)) await copyFile(join(examples, name), join(folder, name))
  })

  afterAll(() => rm(folder, { recursive: true }))

  it('are all tried here', async () => {
    expect((await readdir(examples)).toSorted()).toEqual(Object.keys(outputs).toSorted())
  })

  it.each(Object.keys(outputs))('%s stands in its page as it is, and is short', async (name) => {
    const page = await readFile(join(root, 'docs/adapters', name.replace('.mjs', '.md')), 'utf8')
    const code = await readFile(join(examples, name), 'utf8')
    expect(page).toContain(`<!-- examples/adapters/${name} -->\n\n\`\`\`js\n${code}\`\`\``)
    expect(code.split('\n').length).toBeLessThan(26)
  })

  it.each(Object.entries(outputs))('%s does what it says on the embedded server', async (name, output) => {
    await using server = await MemcachedServer.start()
    expect(await run(name, server.address)).toEqual([output, ''])
  })

  it.each(Object.entries(outputs))('%s does what it says on memcached', async (name, output) => {
    await using server = await startMemcached()
    expect(await run(name, server.address)).toEqual([output, ''])
  })
})
