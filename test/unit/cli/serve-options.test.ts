import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }
import { HELP, SERVE_HELP } from '../../../src/cli/help.ts'
import { packageVersion } from '../../../src/cli/package-version.ts'
import { readServeOptions } from '../../../src/cli/serve-options.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'

const MEGABYTE = 1024 * 1024

describe('the options of memlane serve', () => {
  it('are those of memcached where nothing is said', () => {
    expect(readServeOptions([])).toEqual({
      port: 11_211,
      memoryBytes: 64 * MEGABYTE,
      maxItemBytes: MEGABYTE,
      enableShutdown: false,
    })
  })

  it.each<[args: string[], expected: object]>([
    [['--host', '::1', '--port', '0'], { host: '::1', port: 0 }],
    [['--socket', '/run/cache.sock'], { path: '/run/cache.sock' }],
    [['--memory', '1024'], { memoryBytes: 1024 * MEGABYTE }],
    [['--max-item-size', '8m'], { maxItemBytes: 8 * MEGABYTE }],
    [['--max-item-size=512K'], { maxItemBytes: 512 * 1024 }],
    [['--max-item-size', '4096'], { maxItemBytes: 4096 }],
    [['--version-string', '1.6.18'], { version: '1.6.18' }],
    [['--user', 'u', '--password', 'p w'], { auth: [{ username: 'u', password: 'p w' }] }],
    [['--enable-shutdown'], { enableShutdown: true }],
  ])('%j', (args, expected) => {
    expect(readServeOptions(args)).toMatchObject(expected)
  })

  it.each<[args: string[], message: string]>([
    [['--socket', '/a', '--port', '1'], '--socket takes the place of --host and --port: leave them out'],
    [['--user', 'u'], '--user and --password must be given together'],
    [['--tls-cert', '/a'], '--tls-cert and --tls-key must be given together'],
    [['--memory', '0'], '--memory must be a whole number, 1 or more, got 0'],
    [['--memory', '1.5'], '--memory must be a whole number, 1 or more, got 1.5'],
    [['--max-item-size', '1g'], '--max-item-size must be a size such as 4096, 512k or 8m, got 1g'],
    [['--auth-file', '/nowhere/at/all'], '--auth-file /nowhere/at/all: there is no such file'],
    [['--port'], "Option '--port <value>' argument missing; see memlane serve --help"],
    [['extra'], "Unexpected argument 'extra'; see memlane serve --help"],
  ])('%j are refused', (args, message) => {
    expect(() => readServeOptions(args)).toThrow(new UsageError(message))
  })

  it.each([
    ['', 'has no account; add a line user:password'],
    ['user:pass\nsecret\n', ': line 2 must be user:password'],
  ])('an account file with %j is refused, and not shown', (text, message) => {
    const file = join(inject('temporaryFolder'), 'bad-accounts')
    writeFileSync(file, text)
    expect(() => readServeOptions(['--auth-file', file])).toThrow(message)
    expect(() => readServeOptions(['--auth-file', file])).not.toThrow('secret')
  })

  it('are all in the help', () => {
    expect(readServeOptions(['--help'])).toBe('help')
    expect(readServeOptions(['-h'])).toBe('help')
    const shown = [...SERVE_HELP.matchAll(/^ {2}--([a-z-]+)/gm)].map((match) => match[1]!)
    expect(shown).toHaveLength(13)
    for (const name of shown) expect(() => readServeOptions([`--${name}`])).not.toThrow('Unknown option')
    expect(HELP).toContain('serve')
  })
})

it('the version is that of the package', () => {
  expect(packageVersion()).toBe(packageJson.version)
})
