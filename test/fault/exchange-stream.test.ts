import type { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { innerExecutorOf } from '../../src/client/executor-of.ts'
import { streamReply } from '../../src/connection/exchange-stream.ts'
import {
  ClosedError,
  ConnectionClosedError,
  OverloadedError,
  ProtocolError,
  TimeoutError,
  UnknownCommandError,
} from '../../src/errors.ts'
import type { StreamExchange } from '../../src/protocol/exchange.ts'
import type { Backend } from '../../src/seam/executor.ts'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const DUMP: StreamExchange = {
  line: 'lru_crawler metadump all',
  lastLine: 'END',
  timeoutMs: 5000,
  maxBufferedBytes: 1_000_000,
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The one server of a client. */
function serverOf(cache: ReturnType<typeof faultClient>): { stream(exchange: StreamExchange): AsyncIterable<Buffer> } {
  const server = (innerExecutorOf(cache) as Backend).servers[0]!
  return { stream: (exchange) => streamReply(server, exchange) }
}

/** A server that answers one line with these pieces, and then waits or closes. */
function answering(pieces: readonly string[], then: 'close' | 'stay' = 'stay'): Promise<ScriptedServer> {
  return ScriptedServer.start(async (peer) => {
    await peer.expect('version\r\n')
    peer.socket.write('VERSION 1.6.18\r\n')
    await peer.line()
    for (const piece of pieces) {
      peer.socket.write(piece)
      await turn()
    }
    if (then === 'close') peer.socket.end()
  })
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const piece of stream) {
    expect(piece.at(-1)).toBe(0x0a)
    text += piece.toString('latin1')
  }
  return text
}

describe('a streamed reply', () => {
  const lines = 'key=END exp=-1\nkey=b\r\nEND\r\n'

  it.each(Array.from(lines, (_, at) => at))(
    'comes in whole lines, without the last one, when cut at byte %i',
    async (at) => {
      await using server = await answering([lines.slice(0, at), lines.slice(at)].filter((piece) => piece !== ''))
      expect(await textOf(serverOf(faultClient(server.address)).stream(DUMP))).toBe('key=END exp=-1\nkey=b\r\n')
      await until(() => server.peers[0]!.ended, 'the socket goes')
    },
  )

  it('has every key of a real memcached', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    const keys = Array.from({ length: 20_000 }, (_, at) => `key:${at}`)
    await cache.setMany(keys.map((key) => [key, 'x'] as const))
    const text = await textOf(
      serverOf(cache).stream({ ...DUMP, line: 'lru_crawler metadump hash', maxBufferedBytes: 2 ** 26 }),
    )
    const listed = new Set([...text.matchAll(/^key=(\S+)/gm)].map(([, key]) => decodeURIComponent(key!)))
    expect(listed.size).toBe(keys.length)
  })

  it('may have no end: watch gives lines until the reader leaves', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address)
    const watched = serverOf(cache).stream({ line: 'watch fetchers', timeoutMs: 5000, maxBufferedBytes: 1e6 })
    const iterator = watched[Symbol.asyncIterator]()
    expect(String((await iterator.next()).value)).toBe('OK\r\n')
    await cache.get('absent')
    expect(String((await iterator.next()).value)).toMatch(/type=item_get key=absent status=not_found/)
    await iterator.return!()
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  it('opens a connection of its own for each iteration, and none before', async () => {
    await using server = await answering(['END\r\n'])
    const stream = serverOf(faultClient(server.address)).stream(DUMP)
    await turn()
    expect(server.connections).toBe(0)
    await textOf(stream)
    await textOf(stream)
    expect(server.connections).toBe(2)
  })

  it('is over, and its connection closed, as soon as the reader leaves', async () => {
    await using server = await answering(['key=a\nkey=b\n'])
    for await (const piece of serverOf(faultClient(server.address)).stream(DUMP)) {
      expect(piece.length).toBeGreaterThan(0)
      break
    }
    await until(() => server.peers[0]!.ended, 'the socket goes')
  })

  it('rejects with the error line of the server', async () => {
    await using server = await answering(['ERROR metadump not allowed\r\n'])
    const error = await rejection(textOf(serverOf(faultClient(server.address)).stream(DUMP)))
    expect(error).toBeInstanceOf(UnknownCommandError)
    expect(error).toMatchObject({ delivery: 'answered', message: expect.stringContaining('metadump not allowed') })
    await until(() => server.peers[0]!.ended, 'the socket goes')
  })

  it('reads at full speed, and gives up a reader that leaves more unread than it may', async () => {
    const line = `key=${'k'.repeat(995)}\n`
    await using server = await answering(Array.from({ length: 30 }, () => line))
    const stream = serverOf(faultClient(server.address)).stream({ ...DUMP, maxBufferedBytes: 10_000 })
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.next()
    await until(() => server.peers[0]!.ended, 'the connection is closed')
    const error = await rejection(iterator.next())
    expect(error).toBeInstanceOf(OverloadedError)
    expect(error).toMatchObject({ message: expect.stringContaining('maxBufferedBytes') })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  it('takes a line without end for what it is', async () => {
    await using server = await answering(['x'.repeat(70_000)])
    const error = await rejection(textOf(serverOf(faultClient(server.address)).stream(DUMP)))
    expect(error).toBeInstanceOf(ProtocolError)
  })

  it('gives what came before the server closed, then the error', async () => {
    await using server = await answering(['key=a\n', 'key=b'], 'close')
    const iterator = serverOf(faultClient(server.address)).stream(DUMP)[Symbol.asyncIterator]()
    expect(String((await iterator.next()).value)).toBe('key=a\n')
    expect(await rejection(iterator.next())).toBeInstanceOf(ConnectionClosedError)
  })

  it('ends where the server closes, when no last line is named', async () => {
    await using server = await answering(['a\r\n'], 'close')
    const { lastLine: _, ...endless } = DUMP
    expect(await textOf(serverOf(faultClient(server.address)).stream(endless))).toBe('a\r\n')
  })

  it('rejects with the reason of its signal, at once', async () => {
    await using server = await answering(['key=a\n'])
    const controller = new AbortController()
    const stream = serverOf(faultClient(server.address)).stream({ ...DUMP, signal: controller.signal })
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.next()
    const next = iterator.next()
    controller.abort(new Error('enough'))
    expect(await rejection(next)).toMatchObject({ message: 'enough' })
    await until(() => server.peers[0]!.ended, 'the socket goes')
  })

  it('times out when no byte comes, and takes its time once one has come', async () => {
    await using server = await answering([])
    const error = await rejection(textOf(serverOf(faultClient(server.address)).stream({ ...DUMP, timeoutMs: 1000 })))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ delivery: 'unknown' })
  })

  it.each(['close', 'destroy'] as const)('ends with the client: %s', async (how) => {
    await using server = await answering(['key=a\n'])
    const cache = faultClient(server.address)
    const iterator = serverOf(cache).stream(DUMP)[Symbol.asyncIterator]()
    await iterator.next()
    const next = rejection(iterator.next())
    await cache[how]()
    expect(await next).toBeInstanceOf(ClosedError)
    expect(await rejection(textOf(serverOf(cache).stream(DUMP)))).toBeInstanceOf(ClosedError)
  })
})
