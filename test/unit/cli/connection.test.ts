import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { readOptionFile } from '../../../src/cli/option-file.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { freePort } from '../../support/free-port.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'
import { runCommand, TestHost } from './terminal-host.ts'

const LOGIN = { username: 'ann', password: 'correct:horse' }

function serverWithLogin(): Promise<MemcachedServer> {
  return MemcachedServer.start({ auth: LOGIN })
}

describe('the servers', () => {
  it('are those of -s, several in a word or in several', async () => {
    await using one = await MemcachedServer.start()
    await using two = await MemcachedServer.start()
    const { output } = await runCommand(['version', '-s', `${one.address},${two.address}`])
    expect(output).toBe(`${one.address} 1.6.45\n${two.address} 1.6.45\n`)
    const env = { MEMCACHED_SERVERS: 'ignored' }
    expect((await runCommand(['version', '-s', one.address, '-s', two.address], { env })).output).toBe(output)
    expect((await runCommand(['-s', one.address, '--server', two.address, 'version'])).output).toBe(output)
  })

  it('are those of MEMCACHED_SERVERS, or localhost', async () => {
    expect((await runCommand(['where', 'a'], { env: { MEMCACHED_SERVERS: 'cache:1' } })).output).toBe('a\tcache:1\n')
    expect((await runCommand(['where', 'a'])).output).toBe('a\tlocalhost:11211\n')
  })

  it('that are down are named, with exit code 3, beside the answers of others', async () => {
    await using up = await MemcachedServer.start()
    const down = `127.0.0.1:${await freePort()}`
    const { output, errors, exitCode } = await runCommand(['version', '-s', down])
    expect([output, exitCode]).toEqual(['', 3])
    expect(errors).toMatch(/^memlane: cannot connect to 127\.0\.0\.1:\d+: connect ECONNREFUSED/)
    const stats = await runCommand(['stats', '-m', 'pid', '-s', up.address, '-s', down])
    expect([stats.output, stats.exitCode]).toEqual([`pid  ${process.pid}\n`, 3])
    expect(stats.errors).toContain(down)
    const ping = await runCommand(['ping', '--json', '-s', up.address, '-s', down])
    expect([ping.output.split('\n').length, ping.exitCode]).toEqual([3, 3])
  })

  it('never stand in for each other: a key of a server that is down is an error, and no miss', async () => {
    await using up = await MemcachedServer.start()
    const down = `127.0.0.1:${await freePort()}`
    const keys = Array.from({ length: 20 }, (_, at) => `key${at}`)
    const { exitCode, errors } = await runCommand(['get', ...keys, '-s', up.address, '-s', down])
    expect([exitCode, errors]).toEqual([3, expect.stringContaining(down)])
  })

  it('have addresses that are checked', async () => {
    const { errors, exitCode } = await runCommand(['get', 'a', '-s', '::1'])
    expect([exitCode, errors]).toEqual([2, expect.stringMatching(/^memlane: .*::1.*\n$/)])
  })
})

describe('the login', () => {
  it.each<[how: string, argv: string[], env: Record<string, string>]>([
    ['MEMCACHED_AUTH', [], { MEMCACHED_AUTH: 'ann:correct:horse' }],
    ['--auth-file', ['--auth-file', 'FILE'], {}],
  ])('is that of %s', async (_, argv, env) => {
    await using server = await serverWithLogin()
    const file = join(inject('temporaryFolder'), 'cli-login')
    writeFileSync(file, 'ann:correct:horse\n')
    const words = ['get', 'a', '-s', server.address, ...argv.map((word) => (word === 'FILE' ? file : word))]
    expect(await runCommand(words, { env })).toEqual({
      exitCode: 1,
      output: '',
      errors: 'memlane: a: not found\n',
    })
  })

  it('of --auth with a password works, with a warning', async () => {
    await using server = await serverWithLogin()
    const { errors } = await runCommand(['get', 'a', '-s', server.address, '--auth', 'ann:correct:horse'])
    expect(errors).toMatch(
      /^memlane: the password of --auth stands in the list of processes.*\nmemlane: a: not found\n$/,
    )
    expect(errors).not.toContain('horse')
  })

  it('of --auth is asked for on a terminal, and not shown', async () => {
    await using server = await serverWithLogin()
    const host = new TestHost({ columns: 80 })
    const run = host.run(['get', 'a', '-s', server.address, '--auth', 'ann'])
    host.stdin.write('correct:horse\r')
    expect(await run).toBe(1)
    expect(host.stderr.text).toBe('Password of ann: \nmemlane: a: not found\n')
  })

  it('that is asked for may be left by Ctrl-C', async () => {
    const host = new TestHost({ columns: 80 })
    const run = host.run(['get', 'a', '--auth', 'ann'])
    host.stdin.write('corr\u0003')
    expect([await run, host.stderr.text]).toEqual([130, 'Password of ann: \n'])
  })

  it.each<[argv: string[], env: Record<string, string>, message: string]>([
    [['--auth', 'ann'], {}, 'the password of --auth cannot be asked for without a terminal'],
    [['--auth', 'ann', '--auth-file', '/x'], {}, 'give --auth or --auth-file, not both'],
    [[], { MEMCACHED_AUTH: 'secret' }, 'MEMCACHED_AUTH must be user:password'],
    [['--auth-file', '/nowhere'], {}, '--auth-file /nowhere: there is no such file'],
  ])('%j is refused', async (argv, env, message) => {
    const { exitCode, errors } = await runCommand(['get', 'a', ...argv], { env })
    expect([exitCode, errors]).toEqual([2, expect.stringContaining(message)])
    expect(errors).not.toContain('secret')
  })

  it('that is wrong, or missing, is exit code 3', async () => {
    await using server = await serverWithLogin()
    const words = ['get', 'a', '-s', server.address]
    expect((await runCommand(words)).exitCode).toBe(3)
    expect((await runCommand(words, { env: { MEMCACHED_AUTH: 'ann:wrong' } })).exitCode).toBe(3)
  })
})

describe('TLS', () => {
  it('is spoken with --tls-ca, and the name of the certificate is checked', async () => {
    const { authority: authorityFile, server: files } = inject('certificates')
    const tls = { cert: readOptionFile('', files.certificate), key: readOptionFile('', files.key) }
    await using server = await MemcachedServer.start({ tls })
    const words = ['version', '-s', `localhost:${server.port}`]
    expect(await runCommand([...words, '--tls-ca', authorityFile])).toMatchObject({ exitCode: 0, errors: '' })
    expect((await runCommand([...words, '--tls'])).exitCode).toBe(3)
    const named = await runCommand([...words, '--tls-ca', authorityFile, '--tls-servername', 'other.example'])
    expect(named).toMatchObject({ exitCode: 3 })
    expect(await runCommand([...words, '--tls-cert', files.certificate])).toEqual({
      exitCode: 2,
      output: '',
      errors: 'memlane: --tls-cert and --tls-key must be given together\n',
    })
  })
})

describe('time', () => {
  it('ends a command whose server does not answer: exit code 3', async () => {
    const server = await ScriptedServer.start(() => undefined)
    const { exitCode, errors } = await runCommand(['get', 'a', '-s', server.address, '--timeout', '50ms'])
    expect([exitCode, errors]).toEqual([3, expect.stringMatching(/^memlane: no connection to .* within .*\(50 ms\)/)])
    await server.close()
  })

  it('of --timeout has a range', async () => {
    const { errors } = await runCommand(['get', 'a', '--timeout', '0'])
    expect(errors).toBe(
      'memlane: --timeout must be a time such as 500ms, 10s, 5m or 2h from 0.001 s to 86400 s, got 0\n',
    )
  })
})

describe('a reader that leaves', () => {
  it('ends a command quietly, with exit code 0', async () => {
    await using server = await MemcachedServer.start()
    const host = new TestHost()
    const run = host.run(['ping', '-n', '1m', '--every', '0', '-s', server.address])
    await host.shows(/ms\n/)
    host.stdout.breakPipe()
    expect([await run, host.stderr.text]).toEqual([0, ''])
  })

  it('is told from Ctrl-C, which ends a live command with exit code 0 as well', async () => {
    await using server = await MemcachedServer.start()
    const host = new TestHost()
    const run = host.run(['stats', '--every', '10ms', '-s', server.address])
    await host.shows(/cmd_meta|curr_connections|total_connections/)
    host.interrupt()
    expect([await run, host.stderr.text]).toEqual([0, ''])
  })
})
