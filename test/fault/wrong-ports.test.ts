import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { ConnectError } from '../../src/errors.ts'
import { eventually, rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { freePort } from '../support/free-port.ts'
import { patient } from '../support/memcache-options.ts'
import type { Peer } from '../support/peer.ts'
import { forgetProcess, registerProcess } from '../support/process-registry.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const auth = { username: 'ann', password: 'correct-horse' }

describe('the port of a Redis', () => {
  const answers = [
    "-ERR unknown command 'version', with args beginning with: \r\n",
    '-NOAUTH Authentication required.\r\n',
    '-DENIED Redis is running in protected mode\r\n',
  ]

  it.each(answers.flatMap((line) => (['auto', 'text', 'meta'] as const).map((protocol) => [line, protocol] as const)))(
    'is called one: %j, protocol %s',
    async (line, protocol) => {
      await using server = await ScriptedServer.start(async (peer) => {
        await peer.line()
        peer.reply(line)
      })
      const cache = faultClient(server.address, { ...patient, protocol })
      for (const call of [() => cache.get('k'), () => cache.rawCommand('stats')]) {
        const error = await rejection(call())
        expect(error).toBeInstanceOf(ConnectError)
        expect((error as ConnectError).delivery).toBe('not-sent')
        expect(error.message).toContain('like a Redis')
        expect(error.message).not.toContain('TLS')
      }
    },
  )

  it.each([
    ['one by one', async (peer: Peer): Promise<void> => peer.reply('-ERR syntax error\r\n')],
    [
      'together',
      (peer: Peer): Promise<void> =>
        Promise.resolve(peer.reply("-ERR syntax error\r\n-ERR unknown command 'ann', with args: 'correct-horse'\r\n")),
    ],
  ])('is called one by a client with a login, whose words are not shown: answers %s', async (_how, answer) => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.expect('correct-horse\r\n')
      await answer(peer)
    })
    const error = await rejection(faultClient(server.address, { ...patient, auth }).get('k'))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain('like a Redis')
    expect(error.message).not.toContain('correct-horse')
  })
})

/** Reads 24 bytes, the header of a binary request, and closes on what is none: as `-B binary` and `-S` do. */
async function closeOnText(peer: Peer): Promise<void> {
  peer.takeRepetitions()
  await peer.bytes(24)
  peer.socket.end()
}

/** A real one, which answers no text that could tell that it is ready: it accepts connections. */
async function startBinary(port: number): Promise<AsyncDisposable> {
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : []
  const args = ['-B', 'binary', '-p', String(port), '-l', '127.0.0.1', ...user]
  const child = spawn('memcached', args, { stdio: 'ignore' })
  registerProcess(child.pid!, join(inject('temporaryFolder'), 'pids'))
  const stop = async (): Promise<void> => {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    forgetProcess(child.pid!)
  }
  await eventually(async () => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect').finally(() => socket.destroy())
  })
  return { [Symbol.asyncDispose]: stop }
}

describe('a memcached that speaks the binary protocol alone', () => {
  it('is called so, and TLS is not asked for', async () => {
    await using server = await ScriptedServer.start(closeOnText)
    const error = await rejection(faultClient(server.address, patient).get('k'))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toMatch(/binary protocol alone \(memcached -B binary or -S\)/)
    expect(error.message).toMatch(/SASL login \(-S\) .* whose login is memcached -Y/)
    expect(error.message).not.toContain('TLS')
    expect(server.connections).toBe(1)
  })

  it('is called so by a client with a login as well', async () => {
    await using server = await ScriptedServer.start(closeOnText)
    const error = await rejection(faultClient(server.address, { ...patient, auth }).get('k'))
    expect(error.message).toMatch(/binary protocol alone \(memcached -B binary or -S\)/)
    expect(error.message).not.toContain('TLS')
  })

  it('is called so where it is real', async () => {
    const port = await freePort()
    await using _server = await startBinary(port)
    for (const options of [patient, { ...patient, auth }]) {
      const error = await rejection(faultClient(`127.0.0.1:${port}`, options).get('k'))
      expect(error).toBeInstanceOf(ConnectError)
      expect(error.message).toMatch(/binary protocol alone .* SASL/)
    }
  })

  it('is no server that answers late: it is asked again, and its answers are all waited for', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      peer.takeRepetitions()
      for (let asked = 0; asked < 3; asked++) await peer.expect('version\r\n')
      for (let asked = 0; asked < 3; asked++) peer.reply('VERSION 1.6.45\r\n')
      await serveCommands(peer)
    })
    expect(await faultClient(server.address, patient).set('k', 1)).toBe(true)
    expect(server.receivedText).toMatch(/^(?:version\r\n){3}mn\r\n/)
  })
})
