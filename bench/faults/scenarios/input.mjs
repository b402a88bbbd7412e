// What callers hand over by mistake, or what an attacker hands over through them.
import { expectRefused } from '../judge.mjs'
import { expect } from '../problem.mjs'
import { valueFor } from '../trial.mjs'

const GROUP = 'Input'
const COMMAND = 'flush_all'
const MEBIBYTE = 2 ** 20

/**
 * Makes calls between reads of other keys. The reads may fail, but not lie; nothing that the server had may be gone, and
 * nothing may have been stored that was not asked for.
 */
async function harmless(t, callsWith) {
  await t.open()
  const keys = await t.storedKeys(4)
  const calls = callsWith(keys[3])
  const reads = keys.slice(0, 3).map((key) => ['get', key])
  const before = t.start(reads)
  const bad = t.start(calls)
  await Promise.all([before.settled, bad.settled])
  t.judge(keys, before.outcomes, ['error'])
  for (const key of keys)
    expect((await t.door.get(key)) === valueFor(key), `the text of the caller was carried out: ${key} is gone`)
  expect((await t.door.get('pwned')) === undefined, 'the text of the caller was carried out: pwned is stored')
  await t.untilRight(keys)
  return bad.outcomes
}

function input(name, title, callsWith, more = {}) {
  return {
    name,
    group: GROUP,
    title,
    expects: 'refused or taken as it is; no command of it is carried out, other calls are answered',
    patient: true,
    protocols: ['text', 'binary'],
    play: async (t) => void (await harmless(t, callsWith)),
    ...more,
  }
}

export default [
  input(
    'key-with-line-break',
    'a key with a line break and a command',
    () =>
      ['get', 'delete']
        .map((method) => [method, `a\r\n${COMMAND}\r\n`])
        .concat([['set', `a\r\nset pwned 0 0 1\r\nx`, 'v']]),
    { quick: true },
  ),
  input('key-with-space', 'a key with a space reads no second key', () => [['get', 'key:0 key:1']], {
    play: async (t) => {
      const [outcome] = await harmless(t, () => [['get', 'key:0 key:1']])
      expect(outcome.kind !== 'value', `it read ${outcome.value}`)
    },
  }),
  input('key-empty', 'an empty key', () => [
    ['get', ''],
    ['set', '', 'v'],
  ]),
  input(
    'key-too-many-bytes',
    'a key of 200 letters and 400 bytes, its value a command',
    () => [['set', 'é'.repeat(200), COMMAND]],
    { quick: true },
  ),
  input('key-of-251', 'a key of 251 bytes', () => [
    ['set', 'k'.repeat(251), COMMAND],
    ['get', 'k'.repeat(251)],
  ]),
  input('number-with-command', 'a number that is text with a command', () => [['incr', 'n', `1\r\n${COMMAND}`]], {
    quick: true,
  }),
  input('ttl-fraction', 'a lifetime of 1.5, the value a command', (key) => [['set', `${key}-b`, COMMAND, 1.5]]),
  input('ttl-nan', 'a lifetime that is not a number, the value a command', (key) => [
    ['set', `${key}-b`, COMMAND, Number.NaN],
  ]),
  input('ttl-with-command', 'a lifetime that is text with a command', (key) => [
    ['set', `${key}-b`, 'v', `0 1\r\nv\r\n${COMMAND}`],
  ]),
  input('value-of-bytes', 'a Buffer whose bytes are no UTF-8, with a command', (key) => [
    ['set', `${key}-b`, Buffer.from(`${'\xff\xfe'.repeat(20)}\r\n${COMMAND}\r\n`, 'latin1')],
  ]),
  {
    name: 'values-like-replies',
    group: GROUP,
    title: 'values that look like the protocol: CRLF, END, nothing at all',
    expects: 'each comes back as it was stored',
    patient: true,
    quick: true,
    async play(t) {
      await t.open()
      const values = [
        '\r\n',
        'END',
        '\r\nEND\r\n',
        'VALUE key:0 0 1\r\nx\r\nEND',
        '',
        'ü €\n',
        'SERVER_ERROR',
        '$-1\r\n',
        '\\\r\\\n',
      ]
      const keys = await t.keys(values.length)
      const stored = await t.run(keys.map((key, index) => ['set', key, values[index]]))
      const outcomes = await t.run(keys.map((key) => ['get', key]))
      for (const [index, { kind, value }] of outcomes.entries()) {
        if (stored[index].kind === 'error') continue
        expect(
          kind === 'value' && value === values[index],
          `${JSON.stringify(values[index])} came back as ${JSON.stringify(value)} (${kind})`,
        )
      }
    },
  },
  {
    name: 'foreign-line-breaks',
    group: GROUP,
    title: 'a value with line breaks from another client',
    expects: 'read as it is',
    patient: true,
    async play(t) {
      await t.open()
      const [strange, ...keys] = await t.keys(4)
      const value = 'line\r\nEND\r\nVALUE key:1 0 1\r\nline\r\n'
      await t.door.set(strange, value)
      for (const key of keys) await t.door.set(key, valueFor(key))
      const outcome = await t.one('get', strange)
      expect(
        outcome.kind === 'value' && outcome.value === value,
        `it came back as ${JSON.stringify(outcome.value)} (${outcome.kind})`,
      )
      await t.read(keys)
    },
  },
  {
    name: 'foreign-flags',
    group: GROUP,
    title: 'a value of another client whose flags promise what it is not',
    expects: 'an error, a miss or the text; the process goes on',
    patient: true,
    protocols: ['text', 'binary'],
    async play(t) {
      await t.open()
      const [strange, ...keys] = await t.storedKeys(4)
      for (const flags of [1, 2, 4, 8, 16, 32, 128, 65_536]) {
        await t.door.set(strange, '{"not json', flags)
        await t.one('get', strange)
      }
      await t.read(keys)
    },
  },
  ...[
    ['value-of-1-mib', 'a value of 1 MiB, which is a little more than the server takes', MEBIBYTE],
    ['value-of-8-mib', 'a value of 8 MiB, refused while it is being written', 8 * MEBIBYTE],
  ].map(([name, title, bytes]) => ({
    name,
    group: GROUP,
    title,
    expects: 'not reported as stored; other keys are answered at once',
    patient: true,
    protocols: ['text', 'binary'],
    async play(t) {
      await t.open()
      const [large, ...keys] = await t.storedKeys(4)
      expectRefused(await t.one('set', large, { fill: bytes }), 'a value that the server does not take')
      await t.read(keys)
    },
  })),
  {
    name: 'counter-beyond-32-bits',
    group: GROUP,
    title: 'a counter that passes 2³²',
    expects: 'the right number',
    patient: true,
    async play(t) {
      await t.open()
      const [key] = await t.keys(1)
      await t.door.set(key, '4294967295')
      const outcome = await t.one('incr', key, 1)
      expect(
        outcome.kind === 'error' || Number(outcome.value) === 4_294_967_296,
        `4294967295 + 1 gave ${outcome.value}`,
      )
    },
  },
  {
    name: 'counter-beyond-53-bits',
    group: GROUP,
    title: 'a counter that passes 2⁵³, where numbers of JavaScript are no longer exact',
    expects: 'the right number, or an error',
    patient: true,
    known: {
      'memlane-compat':
        'The shim keeps the API of the package, whose counters are numbers: they lose digits beyond 2⁵³.',
    },
    async play(t) {
      await t.open()
      const [key] = await t.keys(1)
      await t.door.set(key, '9007199254740992')
      const outcome = await t.one('incr', key, 1)
      expect(
        outcome.kind === 'error' || String(outcome.value) === '9007199254740993',
        `9007199254740992 + 1 gave ${outcome.value}`,
      )
    },
  },
  {
    name: 'key-named-constructor',
    group: GROUP,
    title: 'keys named constructor and toString, not stored',
    expects: 'a miss, alone and in a batch',
    patient: true,
    async play(t) {
      await t.open()
      const names = ['constructor', 'toString']
      const calls = names.map((key) => ['get', key])
      if (t.client.features.includes('batch')) calls.push(['getMany', names])
      for (const { kind, value } of await t.run(calls)) {
        expect(
          kind === 'miss' || (kind === 'value' && value instanceof Map && value.size === 0),
          `a read gave ${JSON.stringify(value)} (${kind})`,
        )
      }
    },
  },
]
