import { describe, expect, it } from 'vitest'
import { MetaClient } from '../../../../src/client/meta/client.ts'
import type { MetaPipeline } from '../../../../src/client/meta/pipeline.ts'
import type { MetaStoreResult } from '../../../../src/client/meta/results.ts'
import { InvalidInputError } from '../../../../src/errors.ts'
import { rejection } from '../../../support/eventually.ts'
import { patient } from '../../../support/memcache-options.ts'
import { opaqueOf, type Peer } from '../../../support/peer.ts'
import { type Answer, serveCommands } from '../../../support/scripted-cache.ts'
import { ScriptedServer } from '../../../support/scripted-server.ts'

/** Runs the test against a server that answers by hand. */
async function withClient(
  answer: Answer | undefined,
  test: (meta: MetaClient, sent: () => string) => Promise<void>,
): Promise<void> {
  await using server = await ScriptedServer.startReady((peer) => serveCommands(peer, answer))
  const meta = new MetaClient(server.address, patient)
  await meta.connect()
  await test(meta, () => server.receivedText.replace(/^version\r\nmn\r\n/, '').replaceAll(/ O\d+(?=\r\n)/g, ''))
  meta.destroy()
}

const refusesBad: Answer = (command) => {
  if (command.body?.toString() === 'bad') return 'SERVER_ERROR out of memory\r\n'
  return command.words[0] === 'mg' ? `VA 3 f32${opaqueOf(command)}\r\n{a}\r\n` : undefined
}

const refusesOne: Answer = (command) => {
  if (command.words[1] === 'bad') return 'SERVER_ERROR out of memory storing object\r\n'
  if (command.words[1] === 'gone') return `NF${opaqueOf(command)}\r\n`
  return command.words[0] === 'mn' ? undefined : ''
}

const answersInFull: Answer = (command) => {
  if (command.words[0] === 'me') return 'ME k exp=-1 la=0 cas=1 fetch=no cls=1 size=60\r\n'
  return command.words[1] === 'x' ? `HD s5${opaqueOf(command)}\r\n` : undefined
}

describe('a pipeline', () => {
  it('sends its commands in one go, in the order of the calls, when it runs', async () => {
    let chunks = 0
    const count = (peer: Peer): void => void peer.socket.on('data', () => chunks++)
    await using server = await ScriptedServer.startReady((peer) => {
      count(peer)
      return serveCommands(peer)
    })
    const meta = new MetaClient(server.address, patient)
    await meta.connect()
    chunks = 0
    const pipeline = meta.pipeline().set('a', 1).get('a').delete('b').incr('c').touch('d', 5).append('e', 'x')
    expect(pipeline.length).toBe(6)
    const outcomes = await pipeline.run()
    expect(outcomes.map(({ status }) => status)).toEqual(['stored', 'miss', 'ok', 'notFound', 'notFound', 'stored'])
    expect(chunks).toBe(1)
    expect(server.receivedText.replaceAll(/ O\d+(?=\r\n)/g, '')).toMatch(
      /\r\nms a 1 F2\r\n1\r\nmg a v f\r\nmd b\r\nma c D1 v\r\nmg d T5\r\nms e 1 MA\r\nx\r\n$/,
    )
    meta.destroy()
  })

  it('carries every command', async () => {
    await withClient(undefined, async (meta, sent) => {
      await meta
        .pipeline()
        .gat('k', 5, { returnCas: true })
        .add('k', 'v')
        .replace('k', 'v')
        .cas('k', 'v', 7n)
        .prepend('k', 'v')
        .invalidate('k', { ttl: 5 })
        .decr('k', 2)
        .execute({ command: 'mg', key: 'k', flags: ['s'] })
        .run()
      expect(sent()).toBe(
        'mg k T5 v f c\r\nms k 1 ME\r\nv\r\nms k 1 MR\r\nv\r\nms k 1 C7\r\nv\r\nms k 1 MP\r\nv\r\nmd k I T5\r\nma k MD D2 v\r\nmg k s\r\n',
      )
    })
  })

  it('gives each command its own outcome, also when one key is in several', async () => {
    await withClient(refusesBad, async (meta) => {
      const outcomes = await meta
        .pipeline()
        .set('k', 'good', { opaque: 1 })
        .set('k', 'bad', { opaque: 2, returnKey: true })
        .get('k', { opaque: 3 })
        .set('k', 'good', { opaque: 4 })
        .run()
      expect(outcomes).toEqual([
        { status: 'stored', opaque: 1 },
        { status: 'failed', error: expect.objectContaining({ name: 'ServerError' }), opaque: 2, key: 'k' },
        { status: 'failed', error: expect.objectContaining({ name: 'SerdeError' }), opaque: 3 },
        { status: 'stored', opaque: 4 },
      ])
    })
  })

  it('runs once', async () => {
    await withClient(undefined, async (meta, sent) => {
      const pipeline = meta.pipeline().delete('k')
      await pipeline.run()
      expect(await rejection(pipeline.run())).toBeInstanceOf(InvalidInputError)
      expect(() => pipeline.delete('k')).toThrow(InvalidInputError)
      expect(sent()).toBe('md k\r\n')
    })
  })

  it('is nothing without commands', async () => {
    await withClient(undefined, async (meta, sent) => {
      expect(await meta.pipeline().run()).toEqual([])
      expect(await meta.pipeline({ quiet: true }).run()).toEqual([])
      expect(sent()).toBe('')
    })
  })

  it('rejects with the reason of its signal', async () => {
    await withClient(
      () => '',
      async (meta) => {
        const controller = new AbortController()
        const run = meta.pipeline().get('k').run({ signal: controller.signal })
        controller.abort(new Error('enough'))
        expect((await rejection(run)).message).toBe('enough')
      },
    )
  })

  it('takes its time from run, and tells what may have happened', async () => {
    await withClient(
      () => '',
      async (meta) => {
        const [set] = await meta.pipeline().set('k', 1).run({ timeoutMs: 30 })
        expect(set).toMatchObject({ status: 'unknown', error: { name: 'TimeoutError' } })
      },
    )
  })

  it('is larger than what may wait on a connection', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer))
    const meta = new MetaClient(server.address, { ...patient, maxPending: 10 })
    for (const quiet of [false, true]) {
      const pipeline: MetaPipeline<boolean, MetaStoreResult[]> = meta.pipeline({ quiet })
      for (let at = 0; at < 200; at++) pipeline.set(`k${at}`, at, { opaque: at })
      const outcomes = await pipeline.run()
      expect(outcomes).toEqual(Array.from({ length: 200 }, (_, opaque) => ({ status: 'stored', opaque })))
    }
    meta.destroy()
  })
})

describe('a quiet pipeline', () => {
  it('asks for no answer to a success, and closes with a barrier', async () => {
    await withClient(undefined, async (meta, sent) => {
      await meta
        .pipeline({ quiet: true })
        .set('a', 'v')
        .get('b')
        .delete('c', { returnKey: true })
        .incr('d', 5)
        .touch('e', 60)
        .invalidate('f')
        .run()
      expect(sent()).toBe('ms a 1 q\r\nv\r\nmg b v f q\r\nmd c k q\r\nma d D5 q\r\nmg e T60 q\r\nmd f I q\r\nmn\r\n')
    })
  })

  it('takes silence for success, of a read for a miss', async () => {
    await withClient(
      (command) => (command.words[0] === 'mn' ? undefined : ''),
      async (meta) => {
        const outcomes = await meta
          .pipeline({ quiet: true })
          .set('a', 1, { opaque: 'first', returnKey: true })
          .get('b', { opaque: 'second' })
          .gat('b', 5)
          .delete('c')
          .incr('d')
          .touch('e', 5)
          .append('f', 'x')
          .invalidate('g')
          .cas('h', 1, 5n)
          .run()
        expect(outcomes).toEqual([
          { status: 'stored', opaque: 'first', key: 'a' },
          { status: 'miss', opaque: 'second' },
          { status: 'miss' },
          { status: 'ok' },
          { status: 'hit' },
          { status: 'notFound' },
          { status: 'stored' },
          { status: 'ok' },
          { status: 'stored' },
        ])
      },
    )
  })

  it('takes what is answered as answered', async () => {
    const replies: Readonly<Record<string, string>> = {
      a: 'NS*\r\n',
      b: 'VA 1 f2 c7*\r\n5\r\n',
      c: 'NF*\r\n',
      d: 'EX*\r\n',
      // memcached before 1.6.40 tells of a new counter all the same.
      e: 'HD*\r\n',
      f: 'HD* X W\r\n',
    }
    await withClient(
      (command) => replies[command.words[1] ?? '']?.replace('*', opaqueOf(command)),
      async (meta) => {
        const outcomes = await meta
          .pipeline({ quiet: true })
          .add('a', 1)
          .get('b', { returnCas: true })
          .delete('c')
          .cas('d', 1, 5n)
          .incr('e', 1, { initialTtl: 60 })
          .touch('f', 5)
          .run()
        const lease = { stale: false, won: false, alreadyWon: false }
        expect(outcomes).toEqual([
          { status: 'notStored' },
          { status: 'hit', value: 5, cas: 7n, ...lease },
          { status: 'notFound' },
          { status: 'exists' },
          { status: 'hit' },
          { status: 'ok', ...lease, stale: true, won: true },
        ])
      },
    )
  })

  it('does not know, behind an error line, what came of those who said nothing', async () => {
    await withClient(refusesOne, async (meta) => {
      const events: unknown[] = []
      meta.on('commandError', (event) => events.push(event))
      const outcomes = await meta
        .pipeline({ quiet: true })
        .set('fine', 1)
        .set('bad', 1, { opaque: 'mine' })
        .delete('gone')
        .get('none')
        .run()
      const unknown = {
        status: 'unknown',
        error: expect.objectContaining({ name: 'ServerError', delivery: 'unknown' }),
      }
      expect(outcomes).toEqual([unknown, { ...unknown, opaque: 'mine' }, { status: 'notFound' }, unknown])
      // Somebody was told: it is no event besides.
      expect(events).toEqual([])
      // The next run knows again.
      expect(await meta.pipeline({ quiet: true }).set('fine', 1).run()).toEqual([{ status: 'stored' }])
    })
  })

  it('has debug and execute answered in full, behind a barrier of what came before', async () => {
    await withClient(answersInFull, async (meta, sent) => {
      const outcomes = await meta
        .pipeline({ quiet: true })
        .set('a', 1)
        .debug('k')
        .set('b', 1)
        .execute({ command: 'mg', key: 'x', flags: ['s'] })
        .run()
      expect(outcomes.map(({ status }) => status)).toEqual(['stored', 'hit', 'stored', 'HD'])
      expect(sent()).toBe('ms a 1 F2 q\r\n1\r\nmn\r\nme k\r\nms b 1 F2 q\r\n1\r\nmn\r\nmg x s\r\n')
    })
  })

  it('does not know what came of it when the connection is lost', async () => {
    await using server = await ScriptedServer.startReady(async (peer) => {
      await peer.expect('mn\r\n')
      peer.reset()
    })
    const meta = new MetaClient(server.address, patient)
    const outcomes = await meta.pipeline({ quiet: true }).set('a', 1).delete('b').run()
    const lost = { status: 'unknown', error: { name: 'ConnectionClosedError' } }
    expect(outcomes).toMatchObject([lost, lost])
    meta.destroy()
  })

  it('knows that nothing came of it when there was no connection', async () => {
    const server = await ScriptedServer.start(() => undefined)
    const { address } = server
    await server.close()
    const meta = new MetaClient(address, patient)
    const [set] = await meta.pipeline({ quiet: true }).set('a', 1).run()
    expect(set).toMatchObject({ status: 'failed', error: { name: 'ConnectError', delivery: 'not-sent' } })
    meta.destroy()
  })

  it('writes large values from the caller’s own bytes', async () => {
    const bodies: number[] = []
    const answer: Answer = (command) => {
      if (command.body !== undefined) bodies.push(command.body.length)
      return undefined
    }
    await withClient(answer, async (meta) => {
      const large = new Uint8Array(600_000).fill(7)
      const outcomes = await meta.pipeline({ quiet: true }).set('a', large).set('b', large).run()
      expect(outcomes).toEqual([{ status: 'stored' }, { status: 'stored' }])
      expect(bodies).toEqual([600_000, 600_000])
    })
  })
})
