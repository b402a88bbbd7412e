import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { startMemcached } from '../support/real-memcached.ts'

const load = createRequire(new URL('../../package.json', import.meta.url))

describe('memlane/compat/memcached', () => {
  it('is the constructor itself to require(), in both builds', () => {
    for (const name of ['memlane/compat/memcached', './dist/compat-memcached.cjs']) {
      const Memcached: unknown = load(name)
      expect(typeof Memcached).toBe('function')
      expect(Memcached).toHaveProperty('name', 'Memcached')
      expect(Memcached).toHaveProperty('config')
    }
  })

  it.each([
    ['a module', 'module', "import Memcached from 'memlane/compat/memcached'"],
    ['CommonJS', 'commonjs', "const Memcached = require('memlane/compat/memcached')"],
  ])('works in %s, whose process ends after the answers, without end()', async (_name, type, line) => {
    await using server = await startMemcached()
    const program = `${line}
      const client = new Memcached(${JSON.stringify(server.address)}, { timeout: 60000 })
      client.set('key', { a: 1 }, 60, () => client.get('key', (err, value) => console.log(err, value.a)))`
    const cwd = fileURLToPath(new URL('../..', import.meta.url))
    const args = [`--input-type=${type}`, '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, timeout: 60_000 })
    expect(stdout).toBe('undefined 1\n')
  })
})
