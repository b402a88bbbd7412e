import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from 'vitest'
import { startMemcached } from '../support/real-memcached.ts'
import { clients, requireClient } from './foreign-client.ts'

const execute = promisify(execFile)
const folder = resolve(import.meta.dirname, '../../examples/shared-with-python')

const output = `\
python wrote profile:1, visits:1 and 1000 pages
node reads profile:1   { name: 'Ada', languages: [ 'en', 'fr' ], admin: true, score: 0.5 }
node counts visits:1   42
node finds 1000 of 1000 pages
node wrote session:1, avatar:1 and 1000 articles
python reads visits:1  42
python reads session:1 {'user': 1, 'roles': ['editor'], 'lastSeen': None}
python reads avatar:1  b'\\x89PNG'
python finds 1000 of 1000 articles
`

beforeAll(() => requireClient(clients.pymemcache))

// It imports memlane as a user does, through the exports map: the package must be built.
it('the example shares keys, values and servers between Python and Node', async () => {
  await using one = await startMemcached()
  await using other = await startMemcached()
  const env = {
    ...process.env,
    MEMCACHED: `${one.address},${other.address}`,
    PYTHON: '/usr/bin/python3',
    NO_COLOR: '1',
  }
  const { stdout } = await execute(process.execPath, [join(folder, 'run.mjs')], { env })
  expect(stdout).toBe(output)
})

it('the example starts three memcached of its own where none is named', async () => {
  const { MEMCACHED: _, ...env } = process.env
  const { stdout } = await execute(process.execPath, [join(folder, 'run.mjs')], {
    env: { ...env, PYTHON: '/usr/bin/python3', NO_COLOR: '1' },
  })
  expect(stdout).toBe(output)
})
