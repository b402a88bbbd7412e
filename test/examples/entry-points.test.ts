import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { installExamples } from '../support/example-folder.ts'
import { startMemcached } from '../support/real-memcached.ts'

const root = resolve(import.meta.dirname, '../..')
const execute = promisify(execFile)

/** Each entry point that a page explains by programs, with what each program prints. */
const entryPoints: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  chunks: {
    'large-value.mjs': 'true\n3000000 true\n1\ntrue\nundefined\n',
    'streams.mjs': 'true\n2000000\nundefined\n',
  },
  keys: {
    'report.mjs': 'page: 1 items, 88 bytes\nuser: 2 items, 152 bytes\n',
    'delete-by-prefix.mjs': '2 deleted\n0 deleted\nx\n1 deleted\n',
  },
  'near-cache': {
    'hot-key.mjs': "97 3\n{ theme: 'light' }\n{ theme: 'light' }\n[ { key: 'settings', reads: 102 } ]\n",
  },
  tags: {
    'pages.mjs': [
      '<h1>Ada</h1> <h1>Grace</h1> 2 rendered',
      '<h1>Ada</h1> <h1>Grace</h1> 2 rendered',
      '<h1>Ada Lovelace</h1> <h1>Grace</h1> 3 rendered',
      '<h1>Ada Lovelace</h1> <h1>Grace</h1> 5 rendered',
      '',
    ].join('\n'),
  },
  versions: {
    'query-cache.mjs': 'Ada | Ada,book | 2 queries\nAda | Ada,book | 2 queries\nAda | Ada,book,pen | 3 queries\n',
    'nested-namespaces.mjs': 'book pen\nundefined pen\nundefined undefined\n',
  },
}

describe.each(Object.entries(entryPoints))('the examples of memlane/%s', (entryPoint, outputs) => {
  const examples = join(root, 'examples', entryPoint)
  let folder: string

  beforeAll(async () => {
    folder = await installExamples(entryPoint)
  })

  it('are all tried here', async () => {
    expect((await readdir(examples)).toSorted()).toEqual(Object.keys(outputs).toSorted())
  })

  it.each(Object.keys(outputs))('%s stands in the documentation as it is', async (name) => {
    const page = await readFile(join(root, `docs/${entryPoint}.md`), 'utf8')
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
