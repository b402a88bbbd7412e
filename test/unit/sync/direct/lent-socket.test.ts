import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { ENDED, LentSocket, NOTHING_YET } from '../../../../src/sync/direct/lent-socket.ts'
import { SocketField, SocketLock, SocketState } from '../../../../src/sync/direct/shared-sockets.ts'
import { eventually } from '../../../support/eventually.ts'

let server: Server
let near: Socket
let far: Socket
let words: Int32Array
let socket: LentSocket
const bytes = Buffer.alloc(64)
const command = Buffer.from('get k\r\n')

beforeEach(async () => {
  server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  near = connect((server.address() as { port: number }).port, '127.0.0.1')
  near.on('error', () => undefined)
  far = await accepted
  far.on('error', () => undefined)
  near.pause()
  words = new Int32Array(new SharedArrayBuffer(16))
  give((near as unknown as { _handle: { fd: number } })._handle.fd)
  socket = new LentSocket(words)
})

afterEach(() => {
  near.destroy()
  far.destroy()
  server.close()
})

function give(fd: number): void {
  words[SocketField.inode] = fstatSync(fd).ino | 0
  words[SocketField.socket] = fd + 1
}

async function readUntil(result: (length: number) => boolean): Promise<number> {
  return eventually(() => {
    const length = socket.read(bytes, 0, performance.now())
    if (!result(length)) throw new Error('it never came')
    return length
  })
}

/** The far end writes; on loopback the bytes are there when its kernel has them. */
function written(text: string): Promise<void> {
  return new Promise((resolve) => far.write(text, () => resolve()))
}

/** The same for the end of its stream. */
function ended(): Promise<void> {
  return new Promise((resolve) => far.end(resolve))
}

describe('a socket on the direct way', () => {
  it('writes commands, and reads what has come and nothing else', async () => {
    const received = new Promise<Buffer>((resolve) => far.once('data', resolve))
    expect(socket.write(command, command.length, performance.now())).toBe('all')
    expect((await received).toString()).toBe('get k\r\n')
    expect(socket.read(bytes, 0, performance.now())).toBe(NOTHING_YET)
    far.write('END\r\n')
    expect(await readUntil((length) => length !== NOTHING_YET)).toBe(5)
    expect(bytes.toString('latin1', 0, 5)).toBe('END\r\n')
  })

  it('writes nothing where bytes wait that nobody asked for', async () => {
    await written('END\r\n')
    expect(socket.write(command, command.length, performance.now())).toBe('stray')
    expect(words[SocketField.state]).toBe(SocketState.due)
    expect(socket.isOpen).toBe(false)
  })

  it('writes nothing where the server has closed', async () => {
    await ended()
    expect(socket.write(command, command.length, performance.now())).toBe('nothing')
  })

  it('tells that the connection has ended', async () => {
    expect(socket.write(command, command.length, performance.now())).toBe('all')
    far.destroy()
    expect(await readUntil((length) => length !== NOTHING_YET)).toBe(ENDED)
  })

  it('touches no file that has the number now', () => {
    const path = join(inject('temporaryFolder'), `lent-socket-${process.pid}`)
    const file = openSync(path, 'w+')
    words[SocketField.socket] = file + 1
    expect(socket.write(command, command.length, performance.now())).toBe('nothing')
    words[SocketField.socket] = file + 1
    expect(socket.read(bytes, 0, performance.now() + 10)).toBe(ENDED)
    closeSync(file)
    expect(readFileSync(path, 'utf8')).toBe('')
  })

  it('keeps its hands off while the worker takes the socket back, and wakes', () => {
    words[SocketField.lock] = SocketLock.revoked
    expect(socket.write(command, command.length, performance.now())).toBe('nothing')
    expect(socket.read(bytes, 0, performance.now())).toBe(ENDED)
    words[SocketField.socket] = 0
    const wait = vi.spyOn(Atomics, 'wait')
    onTestFinished(() => wait.mockRestore())
    socket.sleep(5000)
    for (const { value } of wait.mock.results) expect(value).not.toBe('timed-out')
  })

  it('leaves the limit of stack traces as it was', () => {
    const { stackTraceLimit } = Error
    expect(socket.read(bytes, 0, performance.now())).toBe(NOTHING_YET)
    expect(Error.stackTraceLimit).toBe(stackTraceLimit)
  })
})
