import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { askRaw, RawConnection } from '../../support/raw-connection.ts'
import { buildProgram, Program } from './program.ts'

let script = ''
const programs: Program[] = []

function memlane(...args: string[]): Program {
  const program = new Program(script, args)
  programs.push(program)
  return program
}

beforeAll(async () => {
  script = await buildProgram()
})

afterEach(async () => {
  for (const program of programs) program.signal('SIGKILL')
  await Promise.all(programs.splice(0).map((program) => program.ended()))
})

/** The port in `… on 127.0.0.1:12345 (…)`. */
function portIn(line: string): number {
  return Number(/:(\d+) \(/.exec(line)?.[1])
}

describe('memlane serve', () => {
  it('says where it listens, and is a memcached there', async () => {
    const line = await memlane('serve', '--port', '0', '--memory', '8').firstLine()
    expect(line).toMatch(/^memlane serves memcached on 127\.0\.0\.1:\d+ \(8 MB\)$/)
    const port = portIn(line)
    expect(await askRaw({ port }, 'set a 0 0 1\r\nx\r\nget a\r\n', 'END\r\n')).toBe(
      'STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n',
    )
    expect(await askRaw({ port }, 'stats\r\n', 'END\r\n')).toContain('STAT limit_maxbytes 8388608\r\n')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends cleanly on %s, connections or not', async (signal) => {
    const program = memlane('serve', '--port', '0')
    const port = portIn(await program.firstLine())
    const answer = await askRaw({ port }, 'version\r\n')
    program.signal(signal)
    expect([answer, await program.ended()]).toMatchObject(['VERSION 1.6.45\r\n', { code: 0, errors: '' }])
  })

  it('closes a client of the binary protocol, and says so in a line', async () => {
    const program = memlane('serve', '--port', '0')
    const port = portIn(await program.firstLine())
    const request = Buffer.alloc(24)
    request[0] = 0x80
    await expect(askRaw({ port }, request)).rejects.toThrow('connection ended')
    program.signal('SIGTERM')
    const { errors } = await program.ended()
    expect(errors).toMatch(/^memlane: a client at tcp:127\.0\.0\.1:\d+ speaks the binary protocol, .*\n$/)
  })

  it('has the limits that it is given', async () => {
    const program = memlane('serve', '--port', '0', '-c', '1', '-FM', '-m', '2', '--idle-timeout', '600')
    const raw = await RawConnection.open({ port: portIn(await program.firstLine()) })
    expect(await raw.ask('flush_all\r\n')).toBe('CLIENT_ERROR flush_all not allowed\r\n')
    const settings = await raw.ask('stats settings\r\n', 'END\r\n')
    for (const line of ['maxconns 1', 'evictions off', 'flush_enabled no', 'cas_enabled yes', 'idle_timeout 600']) {
      expect(settings).toContain(`STAT ${line}\r\n`)
    }
    raw.close()
  })

  it('ends when a client says shutdown, if that is enabled', async () => {
    const program = memlane('serve', '--port', '0', '--enable-shutdown')
    const port = portIn(await program.firstLine())
    await expect(askRaw({ port }, 'shutdown\r\n')).rejects.toThrow('connection ended')
    expect(await program.ended()).toMatchObject({ code: 0, errors: '' })
  })

  it('listens on a unix socket, and removes it', async () => {
    const path = join(inject('temporaryFolder'), 'serve.sock')
    const program = memlane('serve', '--socket', path, '--version-string', '1.6.18')
    expect(await program.firstLine()).toBe(`memlane serves memcached on ${path} (64 MB)`)
    expect(await askRaw({ path }, 'version\r\n')).toBe('VERSION 1.6.18\r\n')
    program.signal('SIGTERM')
    await program.ended()
    expect(existsSync(path)).toBe(false)
  })

  it('speaks TLS and asks for a login', async () => {
    const { authority, server } = inject('certificates')
    const file = join(inject('temporaryFolder'), 'accounts')
    writeFileSync(file, 'one:first pass\n\ntwo:second:pass\n')
    const tls = ['--tls-cert', server.certificate, '--tls-key', server.key]
    const line = await memlane('serve', '--port', '0', ...tls, '--auth-file', file).firstLine()
    expect(line).toMatch(/ \(64 MB, TLS, login\)$/)
    const endpoint = { port: portIn(line), authority }
    expect(await askRaw(endpoint, 'get a\r\n')).toBe('CLIENT_ERROR unauthenticated\r\n')
    const login = { username: 'two', password: 'second:pass' }
    expect(await askRaw({ ...endpoint, login }, 'get a\r\n')).toBe('END\r\n')
  })

  it('tells a used port in one line, with exit code 3', async () => {
    await using other = await MemcachedServer.start()
    const port = String(other.port)
    expect(await memlane('serve', '--port', port).ended()).toEqual({
      code: 3,
      output: '',
      errors: `memlane: port ${port} on 127.0.0.1 is in use; end what listens there, or choose another with --port\n`,
    })
  })

  it('tells a folder that does not exist in one line', async () => {
    const folder = join(inject('temporaryFolder'), 'no-such-folder')
    const path = join(folder, 'serve.sock')
    const { code, errors } = await memlane('serve', '--socket', path).ended()
    const advice = 'make it, or choose another with --socket'
    expect([code, errors]).toEqual([
      3,
      `memlane: ${path} needs the folder ${folder}, which does not exist; ${advice}\n`,
    ])
  })

  it('tells a host that is not this machine in one line', async () => {
    const { code, errors } = await memlane('serve', '--port', '0', '--host', '192.0.2.1').ended()
    expect([code, errors]).toEqual([
      3,
      'memlane: 192.0.2.1 is no address of this machine; choose another with --host\n',
    ])
  })
})

describe('memlane', () => {
  it.each([
    [['--help'], /^Usage: memlane <command>/],
    [['serve', '--help'], /^Usage: memlane serve \[options\]/],
    [['serve', '-h'], /^Usage: memlane serve \[options\]/],
    [['--version'], /^\S+\n$/],
  ])('%j is answered, with exit code 0', async (args, output) => {
    const ending = await memlane(...args).ended()
    expect(ending).toMatchObject({ code: 0, errors: '' })
    expect(ending.output).toMatch(output)
  })

  it.each([
    [[], 'memlane: a command is missing; see memlane --help\n'],
    [['server'], 'memlane: there is no command server; did you mean serve? See memlane --help\n'],
    [['serve', '--prot', '1'], 'memlane: there is no option --prot; did you mean --port? See memlane help serve\n'],
    [['serve', '--port', 'x'], 'memlane: --port must be a whole number from 0 to 65535, got x\n'],
    [['serve', '--port', '65536'], 'memlane: --port must be a whole number from 0 to 65535, got 65536\n'],
    [
      ['serve', '-m', '1'],
      'memlane: --max-item-size must be at most half of the memory, which is 1048576 bytes; got 1048576\n',
    ],
    [['serve', '--version-string', 'x'], 'memlane: --version-string must look like 1.6.45, got "x"\n'],
  ])('%j is refused in one line, with exit code 2', async (args, errors) => {
    expect(await memlane(...args).ended()).toEqual({ code: 2, output: '', errors })
  })
})
