import { describe, expect, it, onTestFinished } from 'vitest'
import { MetaClient } from '../../../../src/client/meta/client.ts'
import { ProtocolError, SerdeError } from '../../../../src/errors.ts'
import { PLACEHOLDER_FLAGS } from '../../../../src/protocol/placeholder.ts'
import { json } from '../../../../src/serde/json.ts'
import { rejection } from '../../../support/eventually.ts'
import { type MemcacheOptions, patient } from '../../../support/memcache-options.ts'
import { opaqueOf } from '../../../support/peer.ts'
import { serveCommands } from '../../../support/scripted-cache.ts'
import { ScriptedServer } from '../../../support/scripted-server.ts'

/** A client of a server that answers every command with this; `*` stands for the opaque. */
async function answering(reply: string, options: MemcacheOptions = {}): Promise<MetaClient> {
  const server = await ScriptedServer.startReady((peer) =>
    serveCommands(peer, (command) => reply.replaceAll('*', opaqueOf(command))),
  )
  const meta = new MetaClient(server.address, { ...patient, ...options })
  onTestFinished(async () => {
    meta.destroy()
    await server.close()
  })
  return meta
}

const lease = { stale: false, won: false, alreadyWon: false }

describe('get', () => {
  it('gives the value and whose turn it is, and no more than was asked for', async () => {
    const meta = await answering('VA 5 f0*\r\nhello\r\n')
    expect(await meta.get('k')).toEqual({ status: 'hit', value: 'hello', ...lease })
  })

  it('gives everything that the server tells', async () => {
    const meta = await answering('VA 2 f2 c18446744073709551615 t60 l7 h1 s2 kk*\r\n42\r\n')
    const result = await meta.get('k', {
      returnClientFlags: true,
      returnCas: true,
      returnTtl: true,
      returnLastAccess: true,
      returnHitBefore: true,
      returnSize: true,
      returnKey: true,
      opaque: { of: 'mine' },
    })
    expect(result).toEqual({
      status: 'hit',
      value: 42,
      ...lease,
      key: 'k',
      opaque: { of: 'mine' },
      clientFlags: 2,
      cas: 2n ** 64n - 1n,
      ttl: 60,
      lastAccess: 7,
      hitBefore: true,
      size: 2,
    })
  })

  it('says Infinity for never, 0 for a moment that has passed, and false where it was not read', async () => {
    const options = { value: false, returnTtl: true, returnHitBefore: true } as const
    const never = await answering('HD t-1 h0*\r\n')
    expect(await never.get('k', options)).toEqual({
      status: 'hit',
      value: undefined,
      ...lease,
      ttl: Number.POSITIVE_INFINITY,
      hitBefore: false,
    })
    const past = await answering('HD t4294967204 h0*\r\n')
    expect(await past.get('k', options)).toMatchObject({ ttl: 0 })
  })

  it.each([
    [' W', { ...lease, won: true }],
    [' Z', { ...lease, alreadyWon: true }],
    [' X W', { ...lease, stale: true, won: true }],
    [' Z X', { ...lease, stale: true, alreadyWon: true }],
  ])('reads the lease of %j', async (flags, expected) => {
    const meta = await answering(`VA 3 f0*${flags}\r\nold\r\n`)
    expect(await meta.get('k')).toEqual({ status: 'hit', value: 'old', ...expected })
  })

  it('gives a miss with what the result carries back', async () => {
    const meta = await answering('EN kk*\r\n')
    expect(await meta.get('k')).toEqual({ status: 'miss' })
    expect(await meta.get('k', { returnKey: true, opaque: 0 })).toEqual({ status: 'miss', key: 'k', opaque: 0 })
  })

  it('gives no value for an empty item that waits for one, to those who vivify', async () => {
    const won = await answering('VA 0 f0* W\r\n\r\n', { serde: json })
    expect(await won.get('k', { vivify: 30 })).toEqual({ status: 'hit', value: undefined, ...lease, won: true })
    const lost = await answering('VA 0 f0* Z\r\n\r\n', { serde: json })
    expect(await lost.get('k', { vivify: 30 })).toEqual({ status: 'hit', value: undefined, ...lease, alreadyWon: true })
    // Of the classic protocol's leases.
    const text = await answering(`VA 0 f${PLACEHOLDER_FLAGS}*\r\n\r\n`)
    expect(await text.get('k', { vivify: 30 })).toMatchObject({ status: 'hit', value: undefined })
  })

  it('gives an empty value to the others, and to all where nobody has won', async () => {
    expect(await (await answering('VA 0 f0* Z\r\n\r\n')).get('k')).toMatchObject({ value: '', alreadyWon: true })
    expect(await (await answering('VA 0 f0*\r\n\r\n')).get('k', { vivify: 30 })).toMatchObject({ value: '' })
    expect(await (await answering('VA 0 f64* W\r\n\r\n')).get('k', { vivify: 30 })).toMatchObject({
      value: Buffer.alloc(0),
      won: true,
    })
  })

  it('says with unlessCas whether the item is unchanged', async () => {
    const same = await answering('HD f0 c7*\r\n')
    expect(await same.get('k', { unlessCas: 7n, returnCas: true })).toEqual({
      status: 'hit',
      value: undefined,
      ...lease,
      unchanged: true,
      cas: 7n,
    })
    const other = await answering('VA 1 f0 c8*\r\nx\r\n')
    expect(await other.get('k', { unlessCas: 7n })).toMatchObject({ value: 'x', unchanged: false })
  })

  it('keeps the metadata of a large value, which outlives its line', async () => {
    const value = 'x'.repeat(300_000)
    const meta = await answering(`VA ${value.length} f0 c77 t5 s${value.length} kk* X W\r\n${value}\r\n`)
    const options = { returnCas: true, returnTtl: true, returnSize: true, returnKey: true } as const
    expect(await meta.get('k', options)).toEqual({
      status: 'hit',
      value,
      stale: true,
      won: true,
      alreadyWon: false,
      key: 'k',
      cas: 77n,
      ttl: 5,
      size: 300_000,
    })
  })

  it('gives large bytes that stay when the next ones come', async () => {
    let letter = 'a'
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) => `VA 200000 f64${opaqueOf(command)}\r\n${letter.repeat(200_000)}\r\n`),
    )
    const meta = new MetaClient(server.address, patient)
    const first = await meta.get<Buffer>('k')
    letter = 'b'
    await meta.get('k')
    expect(first.status === 'hit' && first.value.equals(Buffer.alloc(200_000, 'a'))).toBe(true)
    meta.destroy()
  })

  it('decompresses what the client compresses', async () => {
    const stored: Buffer[] = []
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) => {
        if (command.words[0] === 'ms') stored.push(command.body!)
        if (command.words[0] !== 'mg') return undefined
        peer.reply(`VA ${stored.at(-1)!.length} f8${opaqueOf(command)} W\r\n`)
        peer.reply(stored.at(-1)!)
        return '\r\n'
      }),
    )
    const meta = new MetaClient(server.address, { ...patient, compression: { minBytes: 100 } })
    // The larger one is compressed, and read, on the thread pool.
    for (const text of ['small '.repeat(100), 'large '.repeat(100_000)]) {
      expect(await meta.set('k', text, { opaque: 1 })).toEqual({ status: 'stored', opaque: 1 })
      expect(stored.at(-1)!.length).toBeLessThan(text.length / 5)
      expect(await meta.get('k')).toEqual({ status: 'hit', value: text, ...lease, won: true })
      const [set, get] = await meta.pipeline({ quiet: true }).set('k', text).get('k').run()
      expect(set).toEqual({ status: 'stored' })
      expect(get).toMatchObject({ status: 'hit', value: text })
    }
    expect(server.receivedText).toMatch(/ms k \d+ F8 O/)
    meta.destroy()
  })

  it('rejects when the serde cannot read the value', async () => {
    const meta = await answering('VA 3 f32*\r\n{a}\r\n')
    const error = (await rejection(meta.get('k'))) as SerdeError
    expect(error).toBeInstanceOf(SerdeError)
    expect(error.delivery).toBe('answered')
    expect(error.message).toContain('get "k"')
  })
})

describe('a write', () => {
  it.each([
    ['HD', { status: 'stored' }],
    ['NS', { status: 'notStored' }],
    ['EX', { status: 'exists' }],
    ['NF', { status: 'notFound' }],
  ])('that was answered %s is told so', async (reply, expected) => {
    const meta = await answering(`${reply}*\r\n`)
    expect(await meta.set('k', 1)).toEqual(expected)
    expect(await meta.cas('k', 1, 5n, { opaque: 'o', returnKey: true })).toEqual({ ...expected, opaque: 'o', key: 'k' })
  })

  it('tells the cas number and the size of what was stored, and of nothing else', async () => {
    const options = { returnCas: true, returnSize: true } as const
    expect(await (await answering('HD c9 s5*\r\n')).set('k', 'value', options)).toEqual({
      status: 'stored',
      cas: 9n,
      size: 5,
    })
    expect(await (await answering('NS c0 s5*\r\n')).add('k', 'value', options)).toEqual({ status: 'notStored' })
  })

  it.each([
    ['HD', 'ok'],
    ['NF', 'notFound'],
    ['EX', 'exists'],
  ])('that deletes or invalidates and was answered %s is %s', async (reply, status) => {
    const meta = await answering(`${reply}*\r\n`)
    expect(await meta.delete('k')).toEqual({ status })
    expect(await meta.invalidate('k', { opaque: 1 })).toEqual({ status, opaque: 1 })
  })

  it('that renews tells of the win token that it took', async () => {
    expect(await (await answering('HD*\r\n')).touch('k', 5)).toEqual({ status: 'ok', ...lease })
    expect(await (await answering('HD* X W\r\n')).touch('k', 5)).toMatchObject({ status: 'ok', stale: true, won: true })
    expect(await (await answering('EN*\r\n')).touch('k', 5)).toEqual({ status: 'notFound' })
  })
})

describe('a counter', () => {
  it('is a bigint, exact to 64 bits', async () => {
    const meta = await answering('VA 20 t-1 c5*\r\n18446744073709551615\r\n')
    expect(await meta.incr('k', 1, { returnTtl: true, returnCas: true })).toEqual({
      status: 'hit',
      value: 2n ** 64n - 1n,
      cas: 5n,
      ttl: Number.POSITIVE_INFINITY,
    })
  })

  it.each([
    ['NF', 'notFound'],
    ['NS', 'notStored'],
    ['EX', 'exists'],
  ])('that was answered %s is %s', async (reply, status) => {
    expect(await (await answering(`${reply}*\r\n`)).decr('k')).toEqual({ status })
  })
})

describe('debug', () => {
  const line = 'ME k exp=100 la=3 cas=14 fetch=yes cls=1 size=68\r\n'
  const item = { status: 'hit', ttl: 100, lastAccess: 3, cas: 14n, fetched: true, slabClass: 1, size: 68 }

  it('tells what the server keeps, and a miss', async () => {
    expect(await (await answering(line)).debug('k')).toEqual(item)
    expect(await (await answering('EN\r\n')).debug('k')).toEqual({ status: 'miss' })
  })

  it('understands the time left as memcached before 1.6.19 writes it, and never', async () => {
    expect(await (await answering(line.replace('=100', '=-100'))).debug('k')).toEqual(item)
    expect(await (await answering(line.replace('=100', '=-1'))).debug('k')).toMatchObject({
      ttl: Number.POSITIVE_INFINITY,
    })
  })

  it('passes over what newer servers add and misses what it needs', async () => {
    expect(await (await answering(line.replace('\r', ' new=1\r'))).debug('k')).toEqual(item)
    expect(await rejection((await answering(line.replace('la=3 ', ''))).debug('k'))).toBeInstanceOf(ProtocolError)
  })
})

describe('execute', () => {
  it('gives the reply as it came, but for the opaque', async () => {
    const meta = await answering('VA 2 s2 t-1* W\r\n\r\n\r\n')
    expect(await meta.execute({ command: 'mg', key: 'k', flags: ['s', 't', 'v'] })).toEqual({
      status: 'VA',
      flags: ['s2', 't-1', 'W'],
      value: Buffer.from('\r\n'),
    })
  })

  it('keeps the flags of a large value', async () => {
    const value = 'x'.repeat(200_000)
    const meta = await answering(`VA ${value.length} f5* Z X\r\n${value}\r\n`)
    const reply = await meta.execute({ command: 'mg', key: 'k', flags: ['v', 'f'] })
    expect(reply.flags).toEqual(['f5', 'Z', 'X'])
    expect(Buffer.from(value).equals(reply.value!)).toBe(true)
  })

  it.each([
    ['mg', 'EN'],
    ['mg', 'HD'],
    ['ms', 'NS'],
    ['ms', 'EX'],
    ['md', 'NF'],
    ['ma', 'HD'],
  ] as const)('%s may be answered %s', async (command, status) => {
    const meta = await answering(`${status}*\r\n`)
    expect(await meta.execute({ command, key: 'k', ...(command === 'ms' ? { value: '' } : {}) })).toEqual({
      status,
      flags: [],
    })
  })

  it('gives a value that stays when the next one comes', async () => {
    const meta = await answering('VA 3 *\r\nabc\r\n'.replace(' *', '*'))
    const first = await meta.execute({ command: 'mg', key: 'k', flags: ['v'] })
    first.value![0] = 0
    expect((await meta.execute({ command: 'mg', key: 'k', flags: ['v'] })).value).toEqual(Buffer.from('abc'))
    expect(first.value).toEqual(Buffer.from('\0bc'))
  })
})

describe('a reply about another key', () => {
  it.each([
    ['a hit', 'HD kother*\r\n'],
    ['a miss', 'EN kother*\r\n'],
    ['a value', 'VA 1 f0 kother*\r\nx\r\n'],
    ['a large value', `VA 200000 f0 kother*\r\n${'x'.repeat(200_000)}\r\n`],
    ['a key in base64', 'HD kb3RoZXI= b*\r\n'],
  ])('is noticed, and the connection given up: %s', async (_what, reply) => {
    const meta = await answering(reply)
    const desyncs: unknown[] = []
    meta.on('desync', (event) => desyncs.push(event.error))
    expect(await rejection(meta.get('k', { returnKey: true }))).toBeInstanceOf(ProtocolError)
    expect(desyncs).toHaveLength(1)
  })

  it('is no such thing where the server has the same bytes in base64', async () => {
    const meta = await answering('HD kaw== b*\r\n')
    expect(await meta.get('k', { value: false, returnKey: true })).toMatchObject({ status: 'hit', key: 'k' })
  })

  it('is no such thing for a value that is passed over', async () => {
    const meta = await answering(`VA 200000 f0 kk*\r\n${'x'.repeat(200_000)}\r\n`, { maxValueBytes: 1000 })
    expect(await rejection(meta.get('k', { returnKey: true }))).toMatchObject({ name: 'ValueTooLargeError' })
    expect(await rejection(meta.get('k', { returnKey: true }))).toMatchObject({ name: 'ValueTooLargeError' })
  })
})

describe('the option failures', () => {
  const refusal = 'SERVER_ERROR out of memory\r\n'

  it('makes a failed read a miss and a failed write a refusal, and reports both', async () => {
    const meta = await answering(refusal, { failures: 'miss' })
    const keys: unknown[] = []
    meta.on('commandError', (event) => keys.push(event.key))
    expect(await meta.get('a', { opaque: 1 })).toEqual({ status: 'miss', opaque: 1 })
    expect(await meta.set('b', 1, { returnKey: true })).toEqual({ status: 'notStored', key: 'b' })
    expect(await meta.delete('c')).toEqual({ status: 'notFound' })
    expect(await meta.incr('d')).toEqual({ status: 'notFound' })
    expect(await meta.touch('e', 5)).toEqual({ status: 'notFound' })
    expect(keys).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('never hides what came of a compared write, an invalidation or an execution', async () => {
    const meta = await answering(refusal, { failures: 'miss' })
    const calls = [
      meta.cas('k', 1, 5n),
      meta.set('k', 1, { compareCas: 5n }),
      meta.delete('k', { compareCas: 5n }),
      meta.incr('k', 1, { compareCas: 5n }),
      meta.invalidate('k'),
      meta.execute({ command: 'mg', key: 'k' }),
    ]
    for (const call of calls) expect(await rejection(call)).toMatchObject({ name: 'ServerError' })
  })
})
