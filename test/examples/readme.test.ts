import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { installPackage } from '../support/example-folder.ts'

const root = resolve(import.meta.dirname, '../..')
const execute = promisify(execFile)

describe('the README', () => {
  let folder: string
  let server: MemcachedServer
  let example: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'memlane-readme-'))
    await installPackage(folder)
    server = await MemcachedServer.start()
    const readme = await readFile(join(root, 'README.md'), 'utf8')
    example = /```ts\n([\s\S]*?)```/.exec(readme)![1]!.replace('localhost:11211', server.address)
  })
  afterAll(async () => {
    await server.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function outputOf(name: string, code: string): Promise<string> {
    const file = join(folder, name)
    await writeFile(file, code)
    return (await execute(process.execPath, [file])).stdout
  }

  it('has at most 150 lines', async () => {
    expect((await readFile(join(root, 'README.md'), 'utf8')).split('\n').length).toBeLessThanOrEqual(151)
  })

  it('starts with an example that runs as an ES module', async () => {
    expect(await outputOf('example.mjs', example)).toBe("{ name: 'Ada' }\nundefined\n")
  })

  it('starts with an example that runs in CommonJS', async () => {
    const code = example.replace(/import (\{.*\}) from '(.*)'/, "const $1 = require('$2')")
    const wrapped = `void (async () => {\n${code}\n})()`
    expect(await outputOf('example.cjs', wrapped)).toBe("{ name: 'Ada' }\nundefined\n")
  })

  it('gives one class to import and require', async () => {
    const code = `import { createRequire } from 'node:module'
import { Memcache, InvalidInputError } from 'memlane'
const required = createRequire(import.meta.url)('memlane')
console.log(required.Memcache === Memcache, required.InvalidInputError === InvalidInputError)`
    const [major] = process.versions.node.split('.').map(Number)
    // Node 20.19 and newer know \`module-sync\`.
    if (major! >= 20) expect(await outputOf('same.mjs', code)).toBe('true true\n')
  })
})
