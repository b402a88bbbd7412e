import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { forgetProcess, registerProcess } from '../../../support/process-registry.ts'
import { buildProgram } from '../program.ts'

/** `script` of util-linux gives a program a terminal. */
const hasPty = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0

/** The program on a terminal of its own. */
class Pty {
  readonly #child: ChildProcess
  output = ''

  constructor(command: string, home: string) {
    const env = { ...process.env, XDG_STATE_HOME: home, TERM: 'xterm', NO_COLOR: '1', SHELL: '/bin/sh' }
    this.#child = spawn('script', ['-qefc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'], env })
    registerProcess(this.#child.pid!, join(inject('temporaryFolder'), 'pids'))
    this.#child.stdout!.on('data', (chunk: Buffer) => {
      this.output += chunk.toString()
      this.#child.emit('wrote')
    })
  }

  type(text: string): void {
    this.#child.stdin!.write(text)
  }

  /** Resolves when it has written text that matches, behind what was looked at before. */
  async shows(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.output)) await once(this.#child, 'wrote')
    this.output = this.output.slice(pattern.exec(this.output)!.index)
  }

  async ended(): Promise<number | null> {
    const [code] = (await once(this.#child, 'close')) as [number | null]
    forgetProcess(this.#child.pid!)
    return code
  }
}

describe.skipIf(!hasPty)('on a real terminal', () => {
  let program: string

  beforeAll(async () => {
    program = await buildProgram()
  })

  it('a session completes, ends commands with Ctrl-C, shows screens, and leaves the terminal as it was', async () => {
    await using server = await MemcachedServer.start()
    // Ctrl-C reaches the shell, too, while a command runs.
    const command = `trap : INT; stty cols 80 rows 24; ${process.execPath} ${program} -s ${server.address}; stty -a`
    const pty = new Pty(command, join(inject('temporaryFolder'), 'pty-state'))
    await pty.shows(/memlane› /)
    pty.type('set user:1 ada\r')
    await pty.shows(/stored.*memlane› /s)
    pty.type('mg us\t')
    await pty.shows(/er:1 /)
    pty.type('v t\r')
    await pty.shows(/never expires.*memlane› /s)
    pty.type('ping -n 1m --every 100ms\r')
    await pty.shows(/\d ms\r\n/)
    pty.type('\u0003')
    await pty.shows(/memlane› /)
    pty.type('top --every 100ms\r')
    await pty.shows(/k hot keys/)
    pty.type('q')
    await pty.shows(/\[\?1049l.*memlane› /s)
    pty.type('get user:1\r')
    await pty.shows(/ada\r\n.*memlane› /s)
    pty.type('\u0004')
    const ended = pty.ended()
    await pty.shows(/ icanon/)
    expect(await ended).toBe(0)
    expect(pty.output).toMatch(/ icanon.* echo /s)
  })
})
