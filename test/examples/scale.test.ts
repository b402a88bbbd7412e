import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { installExamples } from '../support/example-folder.ts'

const root = resolve(import.meta.dirname, '../..')
const execute = promisify(execFile)

describe('the example of large set-ups', () => {
  it('stands in the documentation as it is', async () => {
    const program = await readFile(join(root, 'examples/scale/wide-cluster.mjs'), 'utf8')
    expect(await readFile(join(root, 'docs/scale.md'), 'utf8')).toContain(`\`\`\`js\n${program}\`\`\``)
  })

  it('stores and reads a hundred keys on two servers', async () => {
    await using first = await MemcachedServer.start()
    await using second = await MemcachedServer.start()
    await using spare = await MemcachedServer.start()
    const program = join(await installExamples('scale'), 'wide-cluster.mjs')
    const { stdout, stderr } = await execute(process.execPath, [program, first.address, second.address, spare.address])
    expect([stdout, stderr]).toEqual(['100\n', ''])
  })
})
