import { describe, expect, it } from 'vitest'
import { MetaClient } from '../../../../src/client/meta/client.ts'
import { InvalidInputError, SerdeError, ValueTooLargeError } from '../../../../src/errors.ts'
import { rejection } from '../../../support/eventually.ts'
import { patient } from '../../../support/memcache-options.ts'
import { serveCommands } from '../../../support/scripted-cache.ts'
import { ScriptedServer } from '../../../support/scripted-server.ts'

type Call = (meta: MetaClient) => unknown

/** What a program without types may pass. */
function untyped(value: unknown): never {
  return value as never
}

const execute =
  (flags: unknown, more: object = {}): Call =>
  (meta) =>
    meta.execute(untyped({ command: 'mg', key: 'k', flags, ...more }))

const refused: readonly (readonly [what: string, message: RegExp, call: Call])[] = [
  // Names
  ['an unknown option of get', /get has no option "returncas"/, (meta) => meta.get('k', untyped({ returncas: true }))],
  [
    'an option of another command',
    /delete has no option "returnCas"/,
    (meta) => meta.delete('k', untyped({ returnCas: true })),
  ],
  ['touch in gat', /gat has no option "touch"/, (meta) => meta.gat('k', 1, untyped({ touch: 1 }))],
  ['mode in add', /add has no option "mode"/, (meta) => meta.add('k', 1, untyped({ mode: 'set' }))],
  ['compareCas in add', /add has no option "compareCas"/, (meta) => meta.add('k', 1, untyped({ compareCas: 1n }))],
  ['compareCas in cas', /cas has no option "compareCas"/, (meta) => meta.cas('k', 1, 1n, untyped({ compareCas: 1n }))],
  ['ttl of append', /append has no option "ttl": .*touch/, (meta) => meta.append('k', 'v', untyped({ ttl: 5 }))],
  ['ttl of the mode append', /append has no option "ttl"/, (meta) => meta.set('k', 'v', { mode: 'append', ttl: 5 })],
  [
    'a serde of the mode prepend',
    /prepend has no option "serde"/,
    (meta) => meta.set('k', 'v', untyped({ mode: 'prepend', serde: {} })),
  ],
  ['vivify of a set', /set has no option "vivify"/, (meta) => meta.set('k', 'v', { vivify: 5 })],
  [
    'dropValue of delete',
    /delete has no option "dropValue": .*invalidate/,
    (meta) => meta.delete('k', untyped({ dropValue: true })),
  ],
  ['options that are none', /options of get must be an object/, (meta) => meta.get('k', untyped('returnCas'))],
  // What does nothing without another
  ['initial without initialTtl', /initial needs initialTtl/, (meta) => meta.incr('k', 1, { initial: 5 })],
  ['newCas without vivify', /newCas needs vivify/, (meta) => meta.get('k', { newCas: 5n })],
  [
    'unlessCas without the value',
    /unlessCas needs the value/,
    (meta) => meta.get('k', { value: false, unlessCas: 5n }),
  ],
  ['a serde without the value', /serde needs the value/, (meta) => meta.get('k', untyped({ value: false, serde: {} }))],
  ['invalidate without compareCas', /invalidate needs compareCas/, (meta) => meta.set('k', 1, { invalidate: true })],
  ['dropValue without ttl', /dropValue needs ttl/, (meta) => meta.invalidate('k', { dropValue: true })],
  [
    'clientFlags of append without vivify',
    /clientFlags needs vivify/,
    (meta) => meta.append('k', 'v', { clientFlags: 1 }),
  ],
  // Values of options
  [
    'a flag that is no boolean',
    /returnTtl must be true or false, got 1/,
    (meta) => meta.get('k', untyped({ returnTtl: 1 })),
  ],
  ['value that is no boolean', /value must be true or false/, (meta) => meta.get('k', untyped({ value: 'no' }))],
  [
    'noLruBump that is no boolean',
    /noLruBump must be true or false/,
    (meta) => meta.get('k', untyped({ noLruBump: 0 })),
  ],
  ['quiet that is no boolean', /quiet must be true or false/, (meta) => meta.pipeline(untyped({ quiet: 1 }))],
  ['an unknown mode', /mode must be one of set, add/, (meta) => meta.set('k', 1, untyped({ mode: 'S' }))],
  ['a negative vivify', /vivify must be whole seconds/, (meta) => meta.get('k', { vivify: -1 })],
  ['recache 0', /recache must be whole seconds, 1 or more, got 0/, (meta) => meta.get('k', { recache: 0 })],
  ['recache as a Date', /recache must be whole seconds/, (meta) => meta.get('k', untyped({ recache: new Date() }))],
  ['recache of a fraction', /recache must be whole seconds/, (meta) => meta.get('k', { recache: 1.5 })],
  ['gat without ttl', /gat needs a ttl/, (meta) => meta.gat('k', untyped(undefined))],
  ['touch without ttl', /touch needs a ttl/, (meta) => meta.touch('k', untyped(undefined))],
  ['touch with a text', /ttl must be whole seconds/, (meta) => meta.touch('k', untyped('1\r\nflush_all'))],
  ['cas 0n', /keeps no cas numbers/, (meta) => meta.cas('k', 1, 0n)],
  ['cas without a number', /cas must be a bigint/, (meta) => meta.cas('k', 1, untyped(undefined))],
  ['compareCas 0n', /compareCas must be a bigint from 1/, (meta) => meta.incr('k', 1, { compareCas: 0n })],
  ['compareCas as a number', /compareCas must be a bigint/, (meta) => meta.delete('k', untyped({ compareCas: 5 }))],
  ['newCas beyond 64 bits', /newCas must be a bigint/, (meta) => meta.set('k', 1, { newCas: 2n ** 64n })],
  ['unlessCas as text', /unlessCas must be a bigint/, (meta) => meta.get('k', untyped({ unlessCas: '5' }))],
  ['a negative delta', /delta must be a whole number/, (meta) => meta.incr('k', -1)],
  ['a negative initial', /initial must be a whole number/, (meta) => meta.incr('k', 1, { initial: -1, initialTtl: 0 })],
  [
    'clientFlags beyond 32 bits',
    /clientFlags must be/,
    (meta) => meta.append('k', 'v', { vivify: 1, clientFlags: 2 ** 32 }),
  ],
  ['an object to append', /append takes text .* or bytes/, (meta) => meta.append('k', untyped({}))],
  ['an object in the mode append', /append takes text .* or bytes/, (meta) => meta.set('k', {}, { mode: 'append' })],
  ['an empty key', /key must not be empty/, (meta) => meta.get('')],
  ['an empty routingKey', /routingKey must not be empty/, (meta) => meta.get('k', { routingKey: '' })],
  ['a delay that is negative', /delay must be a whole number/, (meta) => meta.flushAll({ delay: -1 })],
  ['a server that is not there', /no server named "other"/, (meta) => meta.noop({ server: 'other' })],
  // execute
  ['no execution', /execute takes an object/, (meta) => meta.execute(untyped(undefined))],
  ['a flag that is two words', /a flag must be one letter/, execute(['v t'])],
  ['a flag that ends the line', /a flag must be one letter/, execute(['v\r\nflush_all'])],
  ['a flag with a control character', /a flag must be one letter/, execute(['T\u0000'])],
  ['a flag that is not ASCII', /a flag must be one letter/, execute(['vé'])],
  ['an empty flag', /a flag must be one letter/, execute([''])],
  ['a flag that is a number', /a flag must be one letter/, execute([5])],
  ['a flag that is a digit', /a flag must be one letter/, execute(['5'])],
  ['a flag without end', /a flag must be one letter/, execute([`T${'1'.repeat(70)}`])],
  ['flags as one text', /flags must be an array/, execute('v t')],
  ['more flags than fit', /at most 15 flags/, execute('abcdefghijlmnops'.split(''))],
  ['a flag twice', /flag T is there twice/, execute(['T1', 'T2'])],
  ['the flag q', /flag "q" cannot be given: .*pipeline/, execute(['v', 'q'])],
  ['the flag O', /flag "O1" cannot be given/, execute(['O1'])],
  ['the flag k', /flag "k" cannot be given/, execute(['k'])],
  ['the flag b', /flag "b" cannot be given/, execute(['b'])],
  ['another command', /execute knows mg, ms, md and ma; got "flush_all"/, execute([], { command: 'flush_all' })],
  ['a command with a line end', /execute knows/, execute([], { command: 'mg k\r\nflush_all' })],
  ['mg with a value', /"mg" takes no value/, execute([], { value: 'x' })],
  ['ms without a value', /ms takes a value/, execute([], { command: 'ms' })],
  ['ms with a lone surrogate', /ms takes a value/, execute([], { command: 'ms', value: '\ud800' })],
  // Pipelines
  ['a bad key in a pipeline', /key must not be empty/, (meta) => meta.pipeline().set('', 1)],
  [
    'a signal in a pipeline',
    /options of run/,
    (meta) => meta.pipeline().get('k', untyped({ signal: new AbortController().signal })),
  ],
  ['timeoutMs in a pipeline', /options of run/, (meta) => meta.pipeline().get('k', untyped({ timeoutMs: 5 }))],
  [
    'returnCas of a quiet set',
    /returnCas cannot be had from a quiet/,
    (meta) => meta.pipeline({ quiet: true }).set('k', 1, { returnCas: true }),
  ],
  [
    'returnSize of a quiet append',
    /returnSize cannot be had/,
    (meta) => meta.pipeline({ quiet: true }).append('k', 'v', { returnSize: true }),
  ],
  [
    'returnTtl of a quiet incr',
    /returnTtl cannot be had/,
    (meta) => meta.pipeline({ quiet: true }).incr('k', 1, { returnTtl: true }),
  ],
]

describe('MetaClient', () => {
  it.each(refused)('refuses %s, and writes nothing', async (_what, message, call) => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer))
    const meta = new MetaClient(server.address, patient)
    await meta.connect()
    const before = server.receivedText
    // Made a promise of here: calls on the client reject, calls on a pipeline throw.
    const error = await rejection(Promise.resolve().then(() => call(meta)))
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error.message).toMatch(message)
    await meta.close()
    expect(server.receivedText).toBe(before)
  })

  it('takes an option that is undefined as left out, known or not', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer))
    const meta = new MetaClient(server.address, patient)
    expect(await meta.get('k', untyped({ returnCas: undefined, nonsense: undefined }))).toEqual({ status: 'miss' })
    await meta.close()
  })

  it('sends no value that its limits or its serde refuse', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer))
    const meta = new MetaClient(server.address, { ...patient, maxItemBytes: 3 })
    await meta.connect()
    const before = server.receivedText
    expect(await rejection(meta.set('k', 'four'))).toBeInstanceOf(ValueTooLargeError)
    expect(await rejection(meta.append('k', 'four'))).toBeInstanceOf(ValueTooLargeError)
    expect(await rejection(meta.execute({ command: 'ms', key: 'k', value: 'four' }))).toBeInstanceOf(ValueTooLargeError)
    expect(await rejection(meta.set('k', undefined))).toBeInstanceOf(SerdeError)
    await meta.close()
    expect(server.receivedText).toBe(before)
  })

  it('refuses the classic protocol and options that memlane does not know', () => {
    expect(() => new MetaClient('localhost', untyped({ protocol: 'text' }))).toThrow(
      /protocol must be 'auto' or 'meta'/,
    )
    expect(() => new MetaClient('localhost', untyped({ protocol: 'binary' }))).toThrow(/protocol/)
    expect(() => new MetaClient('localhost', untyped({ timeout: 5 }))).toThrow(/"timeout"/)
    expect(() => new MetaClient('localhost', untyped(null))).toThrow(/options must be an object/)
  })
})
