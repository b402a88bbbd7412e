import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { OutgoingChunk } from '../../../src/connection/outgoing-batch.ts'
import { ReadBuffer } from '../../../src/connection/read-buffer.ts'
import { Transport } from '../../../src/connection/transport.ts'
import { giveAway } from '../../support/lost-bytes.ts'

const LENGTH = 5000

function text(data: string): OutgoingChunk {
  return { data, encoding: 'latin1', onReleased: undefined }
}

/** A command with a large body, and what is the caller's of it. */
function command(onReleased: () => void): { chunks: OutgoingChunk[]; wire: string; bytes: Uint8Array } {
  const bytes = new Uint8Array(LENGTH).fill(65)
  const view = Buffer.from(bytes.buffer, 0, LENGTH)
  const chunks = [text('ms k 5000\r\n'), { data: view, encoding: 'latin1' as const, onReleased }, text('\r\n')]
  return { bytes, chunks, wire: `ms k 5000\r\n${'A'.repeat(LENGTH)}\r\n` }
}

/** Both ends of a TCP connection; the server reads nothing yet. */
async function createPair(): Promise<{ client: Socket; server: Socket }> {
  const listener = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const accepted = once(listener, 'connection') as Promise<[Socket]>
  const client = connect((listener.address() as AddressInfo).port, '127.0.0.1')
  const [server] = await accepted
  onTestFinished(() => {
    client.destroy()
    server.destroy()
    listener.close()
  })
  await (client.connecting ? once(client, 'connect') : undefined)
  return { client, server }
}

describe('a body that the caller gives away while it is written', () => {
  it('leaves whole from a socket that has more to send, and is let go of', async () => {
    const { client, server } = await createPair()
    const transport = new Transport(client, new ReadBuffer(), { encrypted: false, writesThrough: true, hold: client })
    // The kernel takes no more, and the socket has not asked for a pause yet.
    const piece = Buffer.alloc(1000, 'x')
    let before = 0
    while (client.writableLength === 0) {
      client.write(piece)
      before += piece.length
    }
    expect(transport.congested).toBe(false)
    let released = 0
    const { bytes, chunks, wire } = command(() => released++)
    transport.write(chunks)
    giveAway(bytes)
    const received: Buffer[] = []
    let length = 0
    server.resume()
    while (length < before + wire.length) {
      const [chunk] = (await once(server, 'data')) as [Buffer]
      received.push(chunk)
      length += chunk.length
    }
    expect(Buffer.concat(received).toString('latin1', before)).toBe(wire)
    expect(released).toBe(1)
  })

  it('leaves whole through a stream of the caller’s that takes its time', async () => {
    const received: Buffer[] = []
    const waiting: (() => void)[] = []
    const stream = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        waiting.push(() => {
          received.push(Buffer.from(chunk))
          done()
        })
      },
    })
    const transport = new Transport(stream, new ReadBuffer(), { encrypted: false, writesThrough: false, hold: {} })
    let released = 0
    const { bytes, chunks, wire } = command(() => released++)
    transport.write(chunks)
    giveAway(bytes)
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      next()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(Buffer.concat(received).toString('latin1')).toBe(wire)
    expect(released).toBe(1)
  })

  it('is not copied for a socket that is idle', async () => {
    const { client } = await createPair()
    const transport = new Transport(client, new ReadBuffer(), { encrypted: false, writesThrough: true, hold: client })
    const { chunks } = command(() => undefined)
    const given: unknown[] = []
    const write = client.write.bind(client) as (...args: unknown[]) => boolean
    client.write = (...args: unknown[]): boolean => {
      given.push(args[0])
      return write(...args)
    }
    transport.write(chunks)
    expect(given[1]).toBe(chunks[1]!.data)
  })
})

describe('a stream that carries TLS records', () => {
  it.each([
    ['holds back the next write until the one before has left', true],
    ['is the only one to do so', false],
  ])('%s', (_claim, encrypted) => {
    const waiting: (() => void)[] = []
    const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => waiting.push(done) })
    const transport = new Transport(stream, new ReadBuffer(), { encrypted, writesThrough: false, hold: {} })
    let drained = 0
    transport.setListener({ receive: (_bytes, _start, end) => end, drained: () => drained++, closed: () => undefined })
    transport.write([text('mn\r\n')])
    expect(transport.congested).toBe(encrypted)
    waiting[0]!()
    expect(transport.congested).toBe(false)
    expect(drained).toBe(encrypted ? 1 : 0)
  })
})
