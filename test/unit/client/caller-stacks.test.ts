import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache, type MemcacheError, type MemcacheOptions, ServerError } from '../../../src/exports/index.ts'
import { MetaClient } from '../../../src/exports/meta.ts'
import { fail } from '../../../src/seam/answer.ts'
import type { Middleware } from '../../../src/seam/operation.ts'
import { rejection } from '../../support/eventually.ts'

const FILE = 'caller-stacks.test.ts'

function refuse(): never {
  throw new Error('there is no server')
}

function client(options: MemcacheOptions): Memcache {
  const cache = new Memcache('a:1', { connect: refuse, ...options })
  onTestFinished(() => cache.destroy())
  return cache
}

/** The frames below the line that separates them from those of the error. */
function framesOf(error: Error): readonly string[] {
  const [, frames = ''] = error.stack!.split('\n  called from:\n')
  return frames.split('\n')
}

describe('with callerStacks, an error of the network has the frames of its caller', () => {
  it.each<[string, (cache: Memcache) => Promise<unknown>]>([
    ['get', (cache) => cache.get('a')],
    ['get with options', (cache) => cache.get('a', { timeoutMs: 100 })],
    ['set', (cache) => cache.set('a', 1)],
    ['incr', (cache) => cache.incr('a')],
    ['a command of a namespace', (cache) => cache.namespace('n:').touch('a', 1)],
    ['getOrSet', (cache) => cache.getOrSet('a', refuse)],
    ['update', (cache) => cache.update('a', () => 1)],
    ['noreply', (cache) => cache.noreply.set('a', 1)],
  ])('%s', async (_, call) => {
    const error = await rejection(call(client({ callerStacks: true })))
    expect(error.stack!.match(/called from:/g)).toHaveLength(1)
    expect(framesOf(error).some((frame) => frame.includes(FILE))).toBe(true)
  })

  it('first', async () => {
    const error = await rejection(client({ callerStacks: true }).get('a'))
    expect(framesOf(error)[0]).toContain(FILE)
    const meta = new MetaClient('a:1', { connect: refuse, callerStacks: true })
    onTestFinished(() => meta.destroy())
    expect(framesOf(await rejection(meta.get('a')))[0]).toContain(FILE)
  })

  it('of its own, where one failure ends many calls', async () => {
    const cache = client({ callerStacks: true })
    async function first(): Promise<unknown> {
      return rejection(cache.get('a'))
    }
    async function second(): Promise<unknown> {
      return rejection(cache.get('b'))
    }
    const [one, other] = (await Promise.all([first(), second()])) as MemcacheError[]
    expect(framesOf(one!)[0]).toContain('first')
    expect(framesOf(other!)[0]).toContain('second')
  })

  it('unless the caller made it', async () => {
    const own = new ServerError('no', { delivery: 'unknown' })
    const { stack } = own
    const failing: Middleware = () => ({ dispatch: (operation) => fail(operation, own) })
    expect(await rejection(client({ callerStacks: true, middleware: [failing] }).get('a'))).toBe(own)
    expect(own.stack).toBe(stack)
  })
})

describe('without callerStacks', () => {
  it('an error has frames of its own alone', async () => {
    expect((await rejection(client({}).get('a'))).stack).not.toContain('called from')
  })

  it('leaves the limit of stacks as it was', async () => {
    const limit = Error.stackTraceLimit
    await rejection(client({ callerStacks: true }).get('a'))
    expect(Error.stackTraceLimit).toBe(limit)
  })
})
