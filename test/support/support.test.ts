import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, inject, it } from 'vitest'
import { eventually, rejection, settleAll } from './eventually.ts'
import { FaultProxy } from './fault-proxy.ts'
import { askRaw, RawConnection } from './raw-connection.ts'
import { startMemcached } from './real-memcached.ts'
import { serveCommands } from './scripted-cache.ts'
import { ScriptedServer } from './scripted-server.ts'

const login = { username: 'ann', password: 'secret' }

async function startProxied() {
  const server = await ScriptedServer.startReady((peer) => serveCommands(peer), { mn: 'none' })
  const proxy = await FaultProxy.start({ port: server.port })
  const stop = async (): Promise<void> => {
    await proxy.close()
    await server.close()
  }
  return { server, proxy, [Symbol.asyncDispose]: stop }
}

describe('certificates', () => {
  it('are signed by the authority and carry the names', () => {
    const files = inject('certificates')
    const authority = new X509Certificate(readFileSync(files.authority))
    const server = new X509Certificate(readFileSync(files.server.certificate))
    expect(server.verify(authority.publicKey)).toBe(true)
    expect(server.checkHost('localhost')).toBe('localhost')
    const wrong = new X509Certificate(readFileSync(files.wrongName.certificate))
    expect(wrong.checkHost('localhost')).toBeUndefined()
  })
})

describe('real memcached', () => {
  it.each([
    ['tcp', {}],
    ['unix', { transport: 'unix' }],
    ['tls', { transport: 'tls' }],
    ['login', { login }],
  ] as const)('answers over %s', async (_name, setup) => {
    await using server = await startMemcached(setup)
    const raw = await RawConnection.open(server.endpoint)
    expect(await raw.ask('version\r\n')).toMatch(/^VERSION \d/)
    expect((await raw.stats()).get('pid')).toBe(String(server.pid))
    raw.close()
  })

  it('is empty after a restart at the same port', async () => {
    await using server = await startMemcached()
    const pid = server.pid
    await askRaw(server.endpoint, 'set k 0 0 1\r\nx\r\n')
    await server.restart()
    expect(server.pid).not.toBe(pid)
    expect(await askRaw(server.endpoint, 'get k\r\n')).toBe('END\r\n')
  })

  it('is silent while frozen and answers when thawed', async () => {
    await using server = await startMemcached()
    const raw = await RawConnection.open(server.endpoint)
    server.freeze()
    const answer = raw.ask('version\r\n')
    await expect(settleAll([answer], 50)).rejects.toThrow('have not settled')
    server.thaw()
    expect(await answer).toMatch(/^VERSION/)
    raw.close()
  })

  it('is gone after stop, even when frozen', async () => {
    const server = await startMemcached()
    const { pid } = server
    server.freeze()
    await server.stop()
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })
})

describe('scripted server', () => {
  it('answers the handshake, captures bytes and counts connections', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer))
    const raw = await RawConnection.open({ port: server.port })
    expect(await raw.ask('version\r\n')).toBe('VERSION 1.6.45\r\n')
    expect(await raw.ask('mn\r\n')).toBe('MN\r\n')
    expect(await raw.ask('ms key 3 O7\r\nabc\r\n')).toBe('HD O7\r\n')
    expect(server.connections).toBe(1)
    expect(server.receivedText).toBe('version\r\nmn\r\nms key 3 O7\r\nabc\r\n')
    raw.close()
  })

  it('throws on close what a script threw', async () => {
    const server = await ScriptedServer.start(() => {
      throw new Error('script failed')
    })
    const raw = await RawConnection.open({ port: server.port })
    await eventually(() => expect(server.connections).toBe(1))
    raw.close()
    expect((await rejection(server.close())).message).toBe('script failed')
  })
})

describe('fault proxy', () => {
  it('passes everything on when nothing is wrong, split or not', async () => {
    await using set = await startProxied()
    set.proxy.faults.splitReplies = true
    expect(await askRaw({ port: set.proxy.port }, 'version\r\n')).toBe('VERSION 1.6.45\r\n')
  })

  it('holds bytes while frozen', async () => {
    await using set = await startProxied()
    set.proxy.freeze()
    const answer = askRaw({ port: set.proxy.port }, 'version\r\n')
    await expect(settleAll([answer], 50)).rejects.toThrow('have not settled')
    set.proxy.thaw()
    expect(await answer).toBe('VERSION 1.6.45\r\n')
  })

  it('cuts after so many bytes of replies', async () => {
    await using set = await startProxied()
    set.proxy.faults.cutAfterReplyBytes = 10
    const error = await rejection(askRaw({ port: set.proxy.port }, 'version\r\n'))
    expect(error.message).toBe('connection ended, received: VERSION 1.')
  })

  it('cuts after so many bytes of requests', async () => {
    await using set = await startProxied()
    set.proxy.faults.cutAfterRequestBytes = 4
    await rejection(askRaw({ port: set.proxy.port }, 'version\r\n'))
    await eventually(() => expect(set.server.receivedText).toBe('vers'))
  })

  it('garbles replies', async () => {
    await using set = await startProxied()
    set.proxy.faults.garble = (chunk) => Buffer.from(chunk.toString().replace('VERSION', 'NONSENSE'))
    expect(await askRaw({ port: set.proxy.port }, 'version\r\n')).toBe('NONSENSE 1.6.45\r\n')
  })
})
