import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { runCommand, TestHost } from '../terminal-host.ts'

let server: MemcachedServer
let state: string

beforeEach(async () => {
  server = await MemcachedServer.start()
  state = mkdtempSync(join(tmpdir(), 'memlane-state-'))
  return async () => {
    await server.close()
    rmSync(state, { recursive: true })
  }
})

/** A session on a terminal. */
class Talk {
  readonly host: TestHost
  readonly ended: Promise<number>

  constructor(argv: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    this.host = new TestHost({ columns: 80, rows: 24, env: { XDG_STATE_HOME: state, ...env } })
    this.ended = this.host.run(['-s', server.address, ...argv])
    onTestFinished(() => this.host.interrupt())
  }

  /** What the screen shows, prompts included. */
  get text(): string {
    return stripVTControlCharacters(this.host.stdout.text).replaceAll('\r', '')
  }

  get errors(): string {
    return this.host.stderr.text
  }

  /** Resolves with the next prompt. */
  async ready(): Promise<void> {
    const count = this.host.prompts
    while (this.host.prompts === count) await this.host.wrote()
  }

  /** Types a line; gives what it wrote, when the next prompt is there. */
  async type(line: string): Promise<string> {
    const before = this.host.stdout.text.length
    const errors = this.errors.length
    const next = this.ready()
    this.host.stdin.write(`${line}\r`)
    await next
    const written = stripVTControlCharacters(this.host.stdout.text.slice(before)).replaceAll('\r', '')
    return written.replace(/^.*\n/, '').replace(/memlane› $/, '') + this.errors.slice(errors)
  }
}

async function startTalk(...given: ConstructorParameters<typeof Talk>): Promise<Talk> {
  const talk = new Talk(...given)
  await talk.ready()
  return talk
}

function history(): string {
  return readFileSync(join(state, 'memlane', 'history'), 'utf8')
}

describe('a session on a terminal', () => {
  it('begins without a command, runs lines, and ends with Ctrl-D', async () => {
    const talk = await startTalk()
    expect(talk.text).toContain(server.address)
    expect(await talk.type(`set user:1 '{"name":"Ada"}' --as json`)).toBe('stored\n')
    expect(await talk.type('get user:1')).toBe('{"name":"Ada"}\n')
    expect(await talk.type('get user:1 --json')).toContain('"format":"default"')
    talk.host.stdin.write('\u0004')
    expect(await talk.ended).toBe(0)
    expect(talk.host.isRaw).toBe(false)
  })

  it('goes on after every error', async () => {
    const talk = await startTalk()
    expect(await talk.type('gett a')).toBe('memlane: there is no command gett; did you mean get?\n')
    expect(await talk.type('get')).toBe('memlane: <key> is missing; see help get\n')
    expect(await talk.type('get a --wrong')).toContain('there is no option --wrong')
    expect(await talk.type('get missing')).toBe('memlane: missing: not found\n')
    expect(await talk.type('get a -s 127.0.0.1:1')).toContain('ECONNREFUSED')
    expect(await talk.type('set a')).toContain('standard input has commands here')
    expect(await talk.type('repl')).toContain('repl is running already')
    expect(await talk.type('load')).toContain('load reads standard input')
    expect(await talk.type('.nothing')).toContain('there is no .nothing')
    expect(await talk.type('!99')).toContain('there is no line 99')
    expect(await talk.type('version')).toMatch(/1\.6\.45/)
  })

  it('goes on when its server dies and comes back', async () => {
    const talk = await startTalk()
    const { address } = server
    expect(await talk.type('set a 1')).toBe('stored\n')
    await server.close()
    expect(await talk.type('get a')).toContain(address)
    server = await MemcachedServer.start({ port: Number(address.split(':')[1]) })
    let said = await talk.type('set a 2')
    // The pause after a failed attempt.
    while (said !== 'stored\n') said = await talk.type('set a 2')
    expect(await talk.type('get a')).toBe('2\n')
  })

  it('takes a quote over several lines, and lines that are pasted', async () => {
    const talk = await startTalk()
    talk.host.stdin.write("set a 'one\rtwo'\r")
    await talk.ready()
    talk.host.stdin.write('get a\rget a --json\r')
    await talk.host.shows(/"format":"text"\}\n/)
    expect(talk.text).toMatch(/… two'\n(?:.*\n)*one\ntwo\n(?:.*\n)*\{"key":"a","value":"one\\ntwo"/)
  })

  it('lets no value change the terminal', async () => {
    const talk = await startTalk()
    await talk.type('set a "x\u001b[31my\u202ez"')
    const before = talk.host.stdout.text.length
    await talk.type('get a')
    expect(talk.host.stdout.text.slice(before)).not.toContain('\u001b[31m')
  })

  it('ends a command with Ctrl-C, and clears the line with it', async () => {
    const talk = await startTalk()
    talk.host.stdin.write('ping --every 100ms -n 1m\r')
    await talk.host.shows(/ ms\n/)
    const next = talk.ready()
    talk.host.interrupt()
    await next
    const cleared = talk.ready()
    talk.host.stdin.write('get half\u0003')
    await cleared
    expect(await talk.type('get a')).toBe('memlane: a: not found\n')
  })

  it('shows live commands, and goes on after them', async () => {
    const talk = await startTalk()
    talk.host.stdin.write('top --every 100ms\r')
    await talk.host.shows(/GET\/S/)
    const next = talk.ready()
    talk.host.stdin.write('q')
    await next
    expect(await talk.type('set a 1')).toBe('stored\n')
  })

  it('changes the serde and the form of the output', async () => {
    const talk = await startTalk()
    expect(await talk.type('.serde php')).toBe('serde php\n')
    await talk.type("set a '[1]' --as json")
    expect(await talk.type('get a --serde raw')).toContain('a:1:{i:0;i:1;}')
    expect(await talk.type('.json')).toBe('json on\n')
    expect(await talk.type('get a')).toContain('{"key":"a","value":[1],"flags":4,')
    expect(await talk.type('.serde nothing')).toContain('.serde must be auto')
  })

  it('explains a reply of the meta protocol', async () => {
    const talk = await startTalk()
    await talk.type('set a xyz --ttl 1d')
    expect(await talk.type('mg a t f s h')).toMatch(
      /^HD t\d+ f0 s3 h0 {2}done · \d+ s left · client flags 0 · 3 bytes · not read before\n$/,
    )
    expect(await talk.type('mg missing v')).toBe('EN  miss\n')
  })

  it('completes commands, options, keys and flags', async () => {
    const talk = await startTalk()
    await talk.type('set user:1 x')
    talk.host.stdin.write('vers\t')
    await talk.host.shows(/version /)
    talk.host.stdin.write('\u0015mg us\t')
    await talk.host.shows(/mg user:1|er:1 /)
    talk.host.stdin.write('\t\t')
    await talk.host.shows(/t seconds left/)
    talk.host.stdin.write('\u0015get --serd\t')
    await talk.host.shows(/--serde|e $/)
    talk.host.stdin.write('\u0015')
  })
})

describe('the history', () => {
  it('is a file of its owner alone, without values, and without lines that have credentials', async () => {
    const talk = await startTalk()
    await talk.type('set a secret-1 --ttl 5m')
    await talk.type('set \'b c\' "secret 2"')
    await talk.type('gett secret-3')
    await talk.type('append a secret-4')
    await talk.type('get a --auth ada:secret-5')
    await talk.type('get a -s memcached://ada:secret-6@127.0.0.1:1')
    await talk.type(' get secret-7')
    talk.host.stdin.write('.exit\r')
    await talk.ended
    expect(history()).toBe("set a --ttl 5m\nset 'b c'\nappend a\n")
    expect(statSync(join(state, 'memlane', 'history')).mode & 0o777).toBe(0o600)
  })

  it('brings lines back in the next session: by arrows, by number', async () => {
    const first = await startTalk()
    await first.type('set a 1')
    await first.type('get a')
    expect(await first.type('!!')).toBe('get a\n1\n')
    expect(await first.type('!1')).toBe('set a 1\nstored\n')
    first.host.stdin.write('\u0004')
    await first.ended
    const second = await startTalk()
    expect(await second.type('.history')).toBe('1  get a\n2  set a\n')
    expect(await second.type('\u001b[A\u001b[A')).toBe('1\n')
  })

  it('is not written with --no-history', async () => {
    const talk = new Talk([])
    await talk.ready()
    talk.host.stdin.write('\u0004')
    await talk.ended
    const other = new TestHost({ columns: 80, env: { XDG_STATE_HOME: state } })
    const ended = other.run(['repl', '--no-history', '-s', server.address])
    await other.shows(/memlane›/)
    other.stdin.write('version\r.exit\r')
    await ended
    expect(history).toThrow(/ENOENT/)
  })
})

describe('lines of standard input', () => {
  it('are run one after the other; the exit code is the greatest', async () => {
    const input = 'set a 1\n# a comment\n\nget a\nget missing\n.exit\nget a\n'
    const { output, errors, exitCode } = await runCommand(['repl', '-s', server.address], { input })
    expect([output, errors, exitCode]).toEqual(['1\n', 'stored\nmemlane: missing: not found\n', 1])
  })

  it('may not end within a quote', async () => {
    const { errors, exitCode } = await runCommand(['repl', '-s', server.address], { input: "set a 'b\n" })
    expect([errors, exitCode]).toEqual(['memlane: a quote is open at the end of the input\n', 2])
  })
})
