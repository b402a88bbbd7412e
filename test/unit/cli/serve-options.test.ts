import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }
import { serve } from '../../../src/cli/commands/serve.ts'
import { packageVersion } from '../../../src/cli/package-version.ts'
import { parseWords } from '../../../src/cli/parse-words.ts'
import { readServeOptions as resolve, type ServeValues } from '../../../src/cli/serve-options.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'
import type { MemcachedServerOptions } from '../../../src/server/server-options.ts'

const MEGABYTE = 1024 * 1024

function readServeOptions(args: readonly string[]): MemcachedServerOptions {
  const { options } = parseWords(args, { help: 'memlane help serve', arguments: {}, options: serve.options })
  return resolve(options as unknown as ServeValues)
}

describe('the options of memlane serve', () => {
  it('are those of memcached where nothing is said', () => {
    expect(readServeOptions([])).toEqual({
      port: 11_211,
      memoryBytes: 64 * MEGABYTE,
      maxItemBytes: MEGABYTE,
      enableShutdown: false,
      disableEvictions: false,
      disableCas: false,
      disableFlushAll: false,
      disableDumping: false,
      disableWatch: false,
      trackSizes: false,
      dialect: 'memcached',
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
    [['--dialect', 'elasticache-serverless'], { dialect: 'elasticache-serverless' }],
    [['--dialect', 'memcached'], { dialect: 'memcached' }],
    [['--user', 'u', '--password', 'p w'], { auth: [{ username: 'u', password: 'p w' }] }],
    [['--enable-shutdown'], { enableShutdown: true }],
    [['--conn-limit', '7', '--idle-timeout', '60'], { maxConnections: 7, idleTimeoutMs: 60_000 }],
    [['--prefix-delimiter', '/', '--track-sizes'], { prefixDelimiter: '/', trackSizes: true }],
    [['-p', '5', '-m', '8', '-I', '4m', '-c', '9'], { port: 5, memoryBytes: 8 * MEGABYTE, maxConnections: 9 }],
    [['-MCFXW'], { disableEvictions: true, disableCas: true, disableFlushAll: true, disableDumping: true }],
    [['-WA', '-D', ':'], { disableWatch: true, enableShutdown: true, prefixDelimiter: ':' }],
    [['-o', 'track_sizes,idle_timeout=3'], { trackSizes: true, idleTimeoutMs: 3000 }],
    [['-l', '::1'], { host: '::1' }],
    [['-s', '/run/cache.sock'], { path: '/run/cache.sock' }],
  ])('%j', (args, expected) => {
    expect(readServeOptions(args)).toMatchObject(expected)
  })

  it.each<[args: string[], message: string]>([
    [['--socket', '/a', '--port', '1'], '--socket takes the place of --host and --port: leave them out'],
    [['--user', 'u'], '--user and --password must be given together'],
    [['--tls-cert', '/a'], '--tls-cert and --tls-key must be given together'],
    [['--memory', '0'], '--memory must be a whole number, 1 or more, got 0'],
    [['--memory', '1.5'], '--memory must be a whole number, 1 or more, got 1.5'],
    [['--conn-limit', '0'], '--conn-limit must be a whole number, 1 or more, got 0'],
    [['--idle-timeout', '2147484'], '--idle-timeout must be a whole number from 0 to 2147483, got 2147484'],
    [
      ['-o', 'idle_timeout'],
      '--extended knows idle_timeout=<seconds>, up to 2147483, and track_sizes, got idle_timeout',
    ],
    [['--dialect', 'memorystore'], '--dialect must be memcached or elasticache-serverless, got memorystore'],
    [['--max-item-size', '1t'], '--max-item-size must be a size such as 4096, 512k or 8m, got 1t'],
    [['--auth-file', '/nowhere/at/all'], '--auth-file /nowhere/at/all: there is no such file'],
    [['--port'], '--port needs a value; see memlane help serve'],
    [['extra'], 'there is one argument too many: extra; see memlane help serve'],
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
})

it('the version is that of the package', () => {
  expect(packageVersion()).toBe(packageJson.version)
})
