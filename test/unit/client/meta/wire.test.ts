import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { MetaClient } from '../../../../src/client/meta/client.ts'
import { patient } from '../../../support/memcache-options.ts'
import { serveCommands } from '../../../support/scripted-cache.ts'
import { ScriptedServer } from '../../../support/scripted-server.ts'

type Call = (meta: MetaClient) => Promise<unknown>

/** What each call puts on the wire, the opaque left out. Order and meaning of the flags: protocol.txt, "Meta Commands". */
const lines: readonly (readonly [line: string, call: Call])[] = [
  // mg
  ['mg k v f', (meta) => meta.get('k')],
  ['mg k v f', (meta) => meta.get('k', {})],
  ['mg k', (meta) => meta.get('k', { value: false })],
  ['mg k f', (meta) => meta.get('k', { value: false, returnClientFlags: true })],
  ['mg k v f c', (meta) => meta.get('k', { returnCas: true })],
  ['mg k v f t', (meta) => meta.get('k', { returnTtl: true })],
  ['mg k v f h', (meta) => meta.get('k', { returnHitBefore: true })],
  ['mg k v f l', (meta) => meta.get('k', { returnLastAccess: true })],
  ['mg k v f s', (meta) => meta.get('k', { returnSize: true })],
  ['mg k v f k', (meta) => meta.get('k', { returnKey: true })],
  ['mg k u v f', (meta) => meta.get('k', { noLruBump: true })],
  ['mg k T60 v f', (meta) => meta.get('k', { touch: 60 })],
  ['mg k N30 v f', (meta) => meta.get('k', { vivify: 30 })],
  ['mg k N0 v f', (meta) => meta.get('k', { vivify: 0 })],
  ['mg k R10 v f', (meta) => meta.get('k', { recache: 10 })],
  ['mg k E7 N30 v f', (meta) => meta.get('k', { vivify: 30, newCas: 7n })],
  ['mg k C7 v f', (meta) => meta.get('k', { unlessCas: 7n })],
  [
    'mg k E9 R10 T60 N30 C18446744073709551615 u v f c t l h s k',
    (meta) =>
      meta.get('k', {
        returnKey: true,
        returnSize: true,
        returnHitBefore: true,
        returnLastAccess: true,
        returnTtl: true,
        returnCas: true,
        returnClientFlags: true,
        noLruBump: true,
        unlessCas: 2n ** 64n - 1n,
        vivify: 30,
        touch: 60,
        recache: 10,
        newCas: 9n,
      }),
  ],
  ['mg k v f', (meta) => meta.get('k', { returnCas: false, opaque: 'mine' })],
  ['mg k T60 v f', (meta) => meta.gat('k', 60)],
  ['mg k R5 T0 v f c', (meta) => meta.gat('k', 0, { recache: 5, returnCas: true })],
  ['mg k T60', (meta) => meta.touch('k', 60)],
  ['mg k T60 k', (meta) => meta.touch('k', 60, { returnKey: true })],
  // ms
  ['ms k 5\r\nvalue', (meta) => meta.set('k', 'value')],
  ['ms k 7 F32\r\n{"a":1}', (meta) => meta.set('k', { a: 1 })],
  ['ms k 1 T60 F9\r\n1', (meta) => meta.set('k', 1, { ttl: 60, clientFlags: 9 })],
  ['ms k 5 C7\r\nvalue', (meta) => meta.set('k', 'value', { compareCas: 7n })],
  ['ms k 5 C7 I\r\nvalue', (meta) => meta.set('k', 'value', { compareCas: 7n, invalidate: true })],
  ['ms k 5 E8 c s k\r\nvalue', (meta) => meta.set('k', 'value', { newCas: 8n, ...returns })],
  ['ms k 5 ME\r\nvalue', (meta) => meta.set('k', 'value', { mode: 'add' })],
  ['ms k 5\r\nvalue', (meta) => meta.set('k', 'value', { mode: 'set' })],
  ['ms k 5 MR T9\r\nvalue', (meta) => meta.set('k', 'value', { mode: 'replace', ttl: 9 })],
  ['ms k 5 MA N60\r\nvalue', (meta) => meta.set('k', 'value', { mode: 'append', vivify: 60 })],
  ['ms k 5 MP\r\nvalue', (meta) => meta.set('k', 'value', { mode: 'prepend' })],
  ['ms k 5 ME T60\r\nvalue', (meta) => meta.add('k', 'value', { ttl: 60 })],
  ['ms k 5 MR C7 I\r\nvalue', (meta) => meta.replace('k', 'value', { compareCas: 7n, invalidate: true })],
  ['ms k 5 C7 E8 c\r\nvalue', (meta) => meta.cas('k', 'value', 7n, { newCas: 8n, returnCas: true })],
  ['ms k 4 MA\r\ntail', (meta) => meta.append('k', 'tail')],
  ['ms k 2 MA\r\n\u00ff\u0000', (meta) => meta.append('k', Uint8Array.of(255, 0))],
  ['ms k 4 MP C7\r\nhead', (meta) => meta.prepend('k', 'head', { compareCas: 7n })],
  [
    'ms k 4 MA F5 N60 C7 E8 c s k\r\ntail',
    (meta) => meta.append('k', 'tail', { vivify: 60, clientFlags: 5, compareCas: 7n, newCas: 8n, ...returns }),
  ],
  // md
  ['md k', (meta) => meta.delete('k')],
  ['md k C7 k', (meta) => meta.delete('k', { compareCas: 7n, returnKey: true })],
  ['md k I', (meta) => meta.invalidate('k')],
  ['md k I T30', (meta) => meta.invalidate('k', { ttl: 30 })],
  ['md k I T0', (meta) => meta.invalidate('k', { ttl: 0 })],
  [
    'md k I T30 C7 E8 x k',
    (meta) => meta.invalidate('k', { ttl: 30, compareCas: 7n, newCas: 8n, dropValue: true, returnKey: true }),
  ],
  // ma
  ['ma k D1 v', (meta) => meta.incr('k')],
  ['ma k D5 v', (meta) => meta.incr('k', 5)],
  ['ma k MD D18446744073709551615 v', (meta) => meta.decr('k', 2n ** 64n - 1n)],
  ['ma k N3600 J0 D1 v', (meta) => meta.incr('k', 1, { initial: 0, initialTtl: 3600 })],
  ['ma k N3600 D1 v', (meta) => meta.incr('k', 1, { initialTtl: 3600 })],
  [
    'ma k MD T60 N3600 J9 D2 C7 E8 t c v k',
    (meta) =>
      meta.decr('k', 2, {
        initial: 9n,
        initialTtl: 3600,
        touch: 60,
        compareCas: 7n,
        newCas: 8n,
        returnTtl: true,
        returnCas: true,
        returnKey: true,
      }),
  ],
  // The key's form; `k` is left out where a server might break the reply.
  ['mg YSBi b v f', (meta) => meta.get('a b', { returnKey: true })],
  ['ms YSBi 1 b\r\nx', (meta) => meta.set('a b', 'x', { returnKey: true })],
  ['md YSBi b', (meta) => meta.delete('a b', { returnKey: true })],
  ['ma YSBi b D1 v', (meta) => meta.incr('a b', 1, { returnKey: true })],
  // Spelled by the caller.
  ['mg k', (meta) => meta.execute({ command: 'mg', key: 'k' })],
  ['mg k t s N30', (meta) => meta.execute({ command: 'mg', key: 'k', flags: ['t', 's', 'N30'] })],
  ['mg YSBi b v', (meta) => meta.execute({ command: 'mg', key: 'a b', flags: ['v'] })],
  ['ms k 3 T60 MS\r\n{"}', (meta) => meta.execute({ command: 'ms', key: 'k', flags: ['T60', 'MS'], value: '{"}' })],
  ['ms k 1\r\n\u00ff', (meta) => meta.execute({ command: 'ms', key: 'k', value: Uint8Array.of(255) })],
  ['md k I', (meta) => meta.execute({ command: 'md', key: 'k', flags: ['I'] })],
  ['ma k M+ D3', (meta) => meta.execute({ command: 'ma', key: 'k', flags: ['M+', 'D3'] })],
]

const returns = { returnCas: true, returnSize: true, returnKey: true } as const

describe('a meta command', () => {
  let server: ScriptedServer
  let meta: MetaClient

  beforeAll(async () => {
    server = await ScriptedServer.startReady((peer) => serveCommands(peer))
  })
  beforeEach(async () => {
    meta = new MetaClient(server.address, patient)
    await meta.connect()
  })
  afterEach(() => meta.destroy())
  afterAll(() => server.close())

  /** What the call wrote, its last CR LF and the opaque left out. */
  async function written(call: Call): Promise<string> {
    await call(meta)
    const text = server.peers.at(-1)!.receivedText.replace(/^version\r\nmn\r\n/, '')
    return text.replace(/ O\d+(?=\r\n)/, '').slice(0, -2)
  }

  it.each(lines)('is %j', async (line, call) => {
    expect(await written(call)).toBe(line)
  })

  it('carries a number that tells its reply from others', async () => {
    await meta.get('k')
    await meta.execute({ command: 'mg', key: 'k', flags: ['v'] })
    expect(server.peers.at(-1)!.receivedText).toMatch(/mg k v f O1\r\nmg k v O2\r\n$/)
  })

  it('sends a Date as the seconds until then', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const soon = new Date(Date.now() + 60_000)
    expect(await written(() => meta.get('k', { touch: soon, vivify: soon }))).toBe('mg k T60 N60 v f')
  })

  it('has the prefix of the client and its default ttl', async () => {
    const other = new MetaClient(server.address, { ...patient, keyPrefix: 'p:', defaultTtl: 50 })
    await other.set('k', 'v')
    await other.append('k', 'v')
    other.destroy()
    expect(server.peers.at(-1)!.receivedText).toMatch(/ms p:k 1 T50 O1\r\nv\r\nms p:k 1 MA O2\r\nv\r\n$/)
  })

  it('debug is a line without flags, noop a line without a key', async () => {
    const answers = await Promise.allSettled([meta.debug('k'), meta.noop()])
    expect(answers[1].status).toBe('fulfilled')
    expect(server.peers.at(-1)!.receivedText).toMatch(/^version\r\nmn\r\nme k\r\nmn\r\n$/)
  })
})
