import { describe, expect, it } from 'vitest'
import { Engine } from '../../../src/server/engine.ts'
import { resolveServerOptions } from '../../../src/server/server-options.ts'
import { MemoryStream } from '../../../src/testing/memory-stream.ts'
import { until } from '../../support/eventually.ts'
import { quiesce } from './tcp-pair.ts'

function createEngine(): Engine {
  return new Engine(resolveServerOptions({}))
}

/** What the stream gives, as it comes. */
function collect(stream: MemoryStream): { text: string } {
  const collected = { text: '' }
  stream.on('data', (chunk: Buffer) => {
    collected.text += chunk.toString('latin1')
  })
  return collected
}

describe('a stream to an engine', () => {
  it('answers what is written, however it is cut', async () => {
    const stream = new MemoryStream(createEngine())
    const replies = collect(stream)
    for (const byte of 'set a 0 0 3\r\nabc\r\nget a\r\n') stream.write(byte)
    await until(() => replies.text.endsWith('END\r\n'), 'the value')
    expect(replies.text).toBe('STORED\r\nVALUE a 0 3\r\nabc\r\nEND\r\n')
  })

  it('never answers while the client is still writing', async () => {
    const stream = new MemoryStream(createEngine())
    const replies = collect(stream)
    stream.write('version\r\n')
    expect(replies.text).toBe('')
    await until(() => replies.text !== '', 'the reply')
  })

  it('keeps no hold of the bytes that it was given', async () => {
    const stream = new MemoryStream(createEngine())
    const replies = collect(stream)
    const half = Buffer.from(`set a 0 0 20000\r\n${'x'.repeat(10_000)}`)
    await new Promise((resolve) => stream.write(half, resolve))
    half.fill('y')
    stream.write(`${'x'.repeat(10_000)}\r\nget a\r\n`)
    await until(() => replies.text.endsWith('END\r\n'), 'the value')
    expect(replies.text).not.toContain('y')
  })

  it('carries out no more than a reader that does not read has room for, and all of it once it reads', async () => {
    const engine = createEngine()
    const stream = new MemoryStream(engine)
    stream.write(`set a 0 0 500000\r\n${'x'.repeat(500_000)}\r\n${'get a\r\n'.repeat(50)}`)
    await quiesce()
    expect(engine.counters.bytesWritten).toBeLessThan(5_000_000)
    const replies = collect(stream)
    await until(() => replies.text.split('END\r\n').length === 51, 'all replies')
  })

  it('ends when the client quits, behind the replies before that', async () => {
    const stream = new MemoryStream(createEngine())
    const replies = collect(stream)
    stream.write('version\r\nquit\r\nversion\r\n')
    await until(() => stream.readableEnded, 'the end')
    expect(replies.text).toBe('VERSION 1.6.45\r\n')
  })

  it('gives what is watched without being asked', async () => {
    const engine = createEngine()
    const watcher = new MemoryStream(engine)
    const seen = collect(watcher)
    watcher.write('watch mutations\r\n')
    await until(() => seen.text === 'OK\r\n', 'the watch has begun')
    const other = new MemoryStream(engine)
    other.resume()
    other.write('set watched 0 0 1\r\nx\r\n')
    await until(() => seen.text.includes('key=watched'), 'the line')
  })

  it('counts as a connection until it is closed', async () => {
    const engine = createEngine()
    const [one, two] = [new MemoryStream(engine), new MemoryStream(engine)]
    expect([engine.clients.size, engine.counters.totalConnections]).toEqual([2, 2])
    one.destroy()
    two.end()
    two.resume()
    await until(() => engine.clients.size === 0, 'both are gone')
    expect(one.destroyed && two.destroyed).toBe(true)
  })
})
