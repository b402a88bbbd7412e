// Replies that are wrong: from a broken server, a proxy that loses its place, or something that is no cache at all.
import { expectError, judgeMany } from '../judge.mjs'
import { changeHit, failure } from '../lab/replies.mjs'
import { expect } from '../problem.mjs'
import { valueFor } from '../trial.mjs'

const GROUP = 'Wrong replies'
const ALL = ['text', 'binary', 'redis']
const MEBIBYTE = 2 ** 20
/** What a client may hold of a reply that never ends. */
const ENDLESS_BYTES = 100 * MEBIBYTE

function reply(name, title, expects, play, more = {}) {
  return { name, group: GROUP, title, expects, play, place: 'interceptor', protocols: ALL, ...more }
}

/** Replies once to a read of one key with something else; that read must fail, and everything is right afterwards. */
function instead(name, title, bytesFor, more) {
  return reply(
    name,
    title,
    'an error, never a value or a miss; no other read is touched',
    async (t) => {
      await t.open()
      const [victim, ...keys] = await t.storedKeys(6)
      await t.untilRight([victim])
      let isDone = false
      t.site.interceptor.hook = (exchange) => {
        if (isDone || !exchange.keys.includes(victim)) return undefined
        isDone = true
        return { send: bytesFor(exchange, keys[0]) }
      }
      // A client may repeat a read by itself.
      await t.read([victim], ['error'])
      await t.read(keys, ['error'])
      await t.untilRight([victim, ...keys])
    },
    more,
  )
}

/** Announces a length that is none, or the wrong one. */
function announced(name, title, lengths, more) {
  return instead(
    name,
    title,
    (exchange) => {
      const { dialect } = exchange
      return changeHit(exchange, { value: 'x', length: lengths[dialect] })
    },
    { protocols: Object.keys(lengths), ...more },
  )
}

const RANDOM_BYTES = Buffer.from(Array.from({ length: 200 }, (_, index) => (index * 167 + 89) % 256))

export default [
  instead('garbage-bytes', 'random bytes instead of a reply', () => RANDOM_BYTES, { quick: true }),
  instead('garbage-lines', 'lines of text instead of a reply', () => Buffer.from('hello\r\nworld\r\nhow are you\r\n')),
  instead('garbage-http', 'an answer of HTTP instead of a reply', () =>
    Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html>400</html>\r\n'),
  ),
  announced('size-negative', 'a value of -1 bytes', { text: '-1', redis: '-5', binary: 0xffff_ffff }),
  announced('size-no-number', 'a value whose size is no number', { text: 'abc', redis: 'abc' }, { quick: true }),
  announced('size-missing', 'a value without a size', { text: '', redis: '' }),
  announced(
    'size-huge',
    'a value of 100 GB is announced',
    { text: '99999999999', redis: '99999999999', binary: 0x7fff_ffff },
    { quick: true },
  ),
  instead(
    'size-too-short',
    'a value that is longer than announced',
    (exchange) =>
      changeHit(exchange, { value: 'value of key:0 ......', length: exchange.dialect === 'binary' ? 4 + 10 : '10' }),
    { protocols: ['text', 'redis'] },
  ),
  instead(
    'wrong-key',
    'a reply to a read of another key',
    (exchange, other) => changeHit(exchange, { key: other, opaque: 999_999, value: valueFor(other) }),
    {
      protocols: ['text', 'binary'],
      quick: true,
    },
  ),
  instead(
    'error-of-server',
    'an error of the server in answer to a read',
    (exchange) => failure(exchange, 'the backend is gone'),
    { quick: true },
  ),
  reply(
    'error-in-batch',
    'an error of the server in answer to a batch',
    'an error, or all values; never a part that passes for the whole',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(8)
      await t.untilRight(keys)
      t.site.interceptor.hook = (exchange) =>
        exchange.keys.includes(keys[5]) ? { send: failure(exchange, 'the backend is gone') } : undefined
      judgeMany(keys, await t.one('getMany', keys), valueFor)
      t.site.interceptor.hook = undefined
      await t.untilRight(keys)
    },
    { needs: ['batch'] },
  ),
  reply(
    'silence-in-batch',
    'the server falls silent in the middle of a batch',
    'an error; never a part that passes for the whole',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(10)
      await t.untilRight(keys)
      t.site.interceptor.hook = ({ kind, reply: whole }) => {
        if (kind !== 'read') return undefined
        const half = whole.indexOf('value of', whole.length >> 1)
        return { send: whole.subarray(0, half === -1 ? 0 : half), after: 'mute' }
      }
      judgeMany(keys, await t.one('getMany', keys), valueFor)
      t.site.interceptor.hook = undefined
      await t.untilRight(keys)
    },
    { needs: ['batch'], quick: true },
  ),
  reply(
    'unasked',
    'a reply that was not asked for, on an idle connection',
    'dropped, with the connection if need be; no later read gets it',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(6)
      await t.untilRight(keys)
      t.site.interceptor.sayUnasked((dialect) => Buffer.from(unasked(dialect, keys[1])))
      await t.pause(100)
      await t.read(keys, ['error'])
      await t.untilRight(keys)
    },
    { quick: true },
  ),
  reply('endless-line', 'a line that never ends', 'an error, and no more memory than 100 MiB', async (t) => {
    await t.open()
    const [victim, ...keys] = await t.storedKeys(4)
    await t.untilRight([victim])
    const before = await t.caller.memory()
    t.site.interceptor.hook = (exchange, connection) => {
      if (!exchange.keys.includes(victim)) return undefined
      connection.flood()
      return { send: [], after: 'mute' }
    }
    await t.read([victim], ['error'])
    t.site.interceptor.hook = undefined
    const { peak } = await t.caller.memory()
    expect(peak - before.peak <= ENDLESS_BYTES, `${Math.round((peak - before.peak) / MEBIBYTE)} MiB more memory`)
    await t.untilRight([victim, ...keys])
  }),
  // The copy of a reply about one key is also a correct reply to a line of several keys of which only that one is stored.
  reply(
    'duplicated',
    'a proxy that sends every reply twice',
    "values, errors or misses; never another key's value",
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(12)
      await t.untilRight(keys)
      t.site.interceptor.hook = ({ kind, reply: bytes }) => (kind === 'read' ? { send: [bytes, bytes] } : undefined)
      for (const key of keys.slice(0, 6)) await t.read([key], ['error', 'miss'])
      await t.read(keys, ['error', 'miss'])
      t.site.interceptor.hook = undefined
      await t.untilRight(keys, ['error', 'miss'])
    },
    { quick: true },
  ),
  reply(
    'reordered',
    'a proxy that swaps replies',
    "values or errors; never another key's value",
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(12)
      await t.untilRight(keys)
      t.site.interceptor.hook = swapReplies
      await t.mixed(keys)
      t.site.interceptor.hook = undefined
      await t.untilRight(keys)
    },
    { quick: true },
  ),
  reply(
    'lost-reply',
    'a proxy that loses one reply of many',
    "values or errors; never another key's value",
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(12)
      await t.untilRight(keys)
      let count = 0
      t.site.interceptor.hook = ({ kind }) => (kind === 'read' && ++count === 2 ? { send: [] } : undefined)
      await t.mixed(keys)
      t.site.interceptor.hook = undefined
      await t.read(keys, ['error'])
      await t.untilRight(keys)
    },
  ),
  reply(
    'changed-bytes',
    'a network that changes bytes in the heads of replies',
    'values or errors; no value of another key, no false miss',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(20)
      await t.untilRight(keys)
      let count = 0
      t.site.interceptor.hook = ({ kind, reply: bytes }) => {
        if (kind !== 'read' || ++count % 3 !== 0) return undefined
        const changed = Buffer.from(bytes)
        changed[0] ^= 0x20
        return { send: changed }
      }
      await t.mixed(keys)
      t.site.interceptor.hook = undefined
      await t.untilRight(keys)
    },
  ),
  reply(
    'reply-of-other-kind',
    'the answer to a write in place of that to a read, and the other way round',
    'errors; nothing is taken for stored or read',
    async (t) => {
      await t.open()
      const [key, ...keys] = await t.storedKeys(4)
      await t.untilRight([key])
      const stored = { text: 'STORED\r\n', redis: '+OK\r\n' }
      t.site.interceptor.hook = ({ kind, dialect }) =>
        kind === 'read' ? { send: Buffer.from(stored[dialect]) } : undefined
      expectError(await t.one('get', key), 'STORED in answer to a read')
      t.site.interceptor.hook = ({ kind, dialect }) =>
        kind === 'write' ? { send: Buffer.from(dialect === 'redis' ? ':1\r\n' : 'END\r\n') } : undefined
      const [written] = await t.run([['set', keys[0], valueFor(keys[0])]])
      expect(written.kind === 'error' || written.value !== true, 'a write was reported as done')
      t.site.interceptor.hook = undefined
      await t.untilRight([key, ...keys])
    },
    { protocols: ['text'] },
  ),
  reply(
    'version-with-suffix',
    'a server whose version is 1.6.41_beta1',
    'the process goes on, reads are answered',
    async (t) => {
      t.site.interceptor.hook = ({ word }) =>
        word === 'version' ? { send: Buffer.from('VERSION 1.6.41_beta1\r\n') } : undefined
      await t.open()
      const keys = await t.storedKeys(4)
      await t.one('version')
      await t.read(keys)
    },
    { protocols: ['text'], needs: ['version'], patient: true },
  ),
]

function unasked(dialect, key) {
  const value = 'never stored'
  switch (dialect) {
    case 'binary': {
      const frame = Buffer.alloc(28)
      frame.set([0x81, 0, 0, 0, 4])
      frame.writeUInt32BE(4 + value.length, 8)
      return Buffer.concat([frame, Buffer.from(value)])
    }
    case 'redis':
      return `$${value.length}\r\n${value}\r\n`
    default:
      return `VALUE ${key} 0 ${value.length}\r\n${value}\r\nEND\r\n`
  }
}

/** Keeps a reply until the next one has left; a client that asks for one thing at a time gets it a little later. */
function swapReplies({ kind, reply: bytes }, connection) {
  if (kind === 'other') return undefined
  const [held] = connection.held.splice(0)
  if (held !== undefined) return { send: [bytes, held] }
  connection.held.push(bytes)
  setTimeout(() => {
    const at = connection.held.indexOf(bytes)
    if (at !== -1) connection.send(connection.held.splice(at, 1)[0])
  }, 150)
  return { send: [] }
}
