import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'

const execute = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
const folder = join(root, 'examples/testing')

/** What a runner wrote; throws where a test failed. Examples import the built package, as a user does. */
async function run(args: readonly string[], cwd: string): Promise<string> {
  // What the surrounding vitest tells its workers is not for the inner runner.
  const { VITEST: _vitest, NODE_OPTIONS: _options, NODE_ENV: _env, ...rest } = process.env
  const env = Object.fromEntries(Object.entries(rest).filter(([name]) => !/^(VITEST_|NODE_TEST)/.test(name)))
  const { stdout, stderr } = await execute(process.execPath, args, { cwd, env: { ...env, NO_COLOR: '1' } })
  return stdout + stderr
}

describe('the examples of testing a service', () => {
  it('run with vitest', async () => {
    const output = await run([join(root, 'node_modules/vitest/vitest.mjs'), 'run'], join(folder, 'vitest'))
    expect(output).toMatch(/Tests\s+4 passed \(4\)/)
  })

  it('run with node:test, in memory and over sockets', async () => {
    const files = ['price-service.test.mjs', 'sockets.test.mjs']
    const output = await run(['--test', ...files], join(folder, 'node-test'))
    expect(output).toMatch(/pass 9$/m)
    expect(output).toMatch(/fail 0$/m)
  })

  describe('with jest', () => {
    const jest = join(folder, 'jest')

    beforeAll(() => {
      if (existsSync(join(jest, 'node_modules/jest/bin/jest.js')) && existsSync(join(jest, 'node_modules/memlane')))
        return
      const { status, stderr } = spawnSync(process.execPath, [join(jest, 'install.mjs')], { encoding: 'utf8' })
      if (status !== 0) throw new Error(`examples/testing/jest/install.mjs failed: ${stderr}`)
    }, 300_000)

    it('run in CommonJS', { timeout: 300_000 }, async () => {
      const output = await run([join(jest, 'node_modules/jest/bin/jest.js'), '--testTimeout=60000'], jest)
      expect(output).toMatch(/Tests:\s+5 passed, 5 total/)
    })
  })

  it('test down, slow and full in fewer than 20 lines', async () => {
    for (const file of [
      'vitest/price-service.test.mjs',
      'jest/price-service.test.cjs',
      'node-test/price-service.test.mjs',
    ]) {
      const code = await readFile(join(folder, file), 'utf8')
      const from = code.search(/^(it|test)\.each|^const states/m)
      const to = code.indexOf('\n}', from) + 2
      const lines = code.slice(from, to).split('\n')
      for (const state of ['down', 'slow', 'full']) expect(lines.join('\n')).toContain(state)
      expect(lines.length).toBeLessThan(20)
    }
  })
})

describe('the page about testing', () => {
  it('shows the examples as they are', async () => {
    const page = await readFile(join(root, 'docs/testing.md'), 'utf8')
    const shown = [...page.matchAll(/<!-- (examples\/\S+) -->\n\n```\w+\n([\s\S]*?)```/g)]
    expect(shown.map(([, file]) => file)).toEqual([
      'examples/testing/price-service.mjs',
      'examples/testing/vitest/price-service.test.mjs',
      'examples/testing/jest/price-service.cjs',
      'examples/testing/jest/price-service.test.cjs',
      'examples/testing/node-test/price-service.test.mjs',
      'examples/testing/node-test/sockets.test.mjs',
    ])
    for (const [, file, code] of shown) expect(code).toBe(await readFile(join(root, file!), 'utf8'))
  })
})
