// Memory, sockets and room.
import { expectError, expectRefused } from '../judge.mjs'
import { expect } from '../problem.mjs'
import { getsOf, valueFor } from '../trial.mjs'

const GROUP = 'Limits'
const MEBIBYTE = 2 ** 20
const ALL = ['text', 'binary', 'redis']

function limit(name, title, expects, play, more = {}) {
  return { name, group: GROUP, title, expects, play, protocols: ALL, ...more }
}

async function usedMemory(t) {
  return (await t.caller.memory()).used
}

export default [
  limit(
    'cold-burst',
    '1,000 reads at once with a client that has no connection yet',
    'every key its own value, over 20 sockets at most',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(t.client.isSync ? 50 : 1000)
      await t.read(keys)
      expect(t.line.connections <= 20, `${t.line.connections} sockets`)
    },
    { patient: true, quick: true },
  ),
  limit(
    'large-burst',
    '10,000 reads at once',
    'every key its own value',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(50)
      await t.untilRight(keys)
      const all = Array.from({ length: t.client.isSync ? 500 : 10_000 }, (_, index) => keys[index % keys.length])
      await t.read(all)
    },
    { patient: true },
  ),
  limit(
    'writes-to-frozen',
    '10,000 writes of 2 kB to a frozen server',
    'errors within their time; their memory is free afterwards',
    async (t) => {
      await t.open()
      const [key] = await t.storedKeys(1)
      await t.untilRight([key])
      const before = await usedMemory(t)
      t.site.server.freeze()
      const count = t.client.isSync ? 3 : 10_000
      const outcomes = await t.run(
        Array.from({ length: count }, (_, index) => ['set', `${key}-${index % 100}`, { fill: 2000 }]),
      )
      for (const outcome of outcomes) expectRefused(outcome, 'a write to a frozen server')
      t.site.server.thaw()
      await t.untilRight([key])
      const grown = (await usedMemory(t)) - before
      expect(grown <= 40 * MEBIBYTE, `${Math.round(grown / MEBIBYTE)} MiB stay`)
    },
  ),
  limit(
    'writes-while-down',
    '10,000 writes of 2 kB while the server is down',
    'errors within their time; their memory is free afterwards',
    async (t) => {
      await t.line.cut()
      await t.open()
      const [key] = await t.keys(1)
      const before = await usedMemory(t)
      const count = t.client.isSync ? 200 : 10_000
      for (const outcome of await t.run(Array.from({ length: count }, () => ['set', key, { fill: 2000 }])))
        expectError(outcome, 'a write while the server is down')
      const grown = (await usedMemory(t)) - before
      expect(grown <= 40 * MEBIBYTE, `${Math.round(grown / MEBIBYTE)} MiB stay`)
      await t.line.heal()
      await t.untilStored([key])
    },
  ),
  limit(
    'memory-full',
    'the memory of the server is full',
    'a write is not reported as done; reads are answered',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(4)
      const [large] = await t.keys(1, 'large')
      await fill(t.door)
      await t.read(keys)
      const outcome = await t.one('set', large, { fill: 100_000 })
      expectRefused(outcome, 'a write to a full server')
      await t.read(keys)
    },
    {
      patient: true,
      args: { memcached: ['-M', '-m', '4'], redis: ['--maxmemory', '4mb', '--maxmemory-policy', 'noeviction'] },
    },
  ),
  limit(
    'values-of-1-mb',
    '10 reads of 1 MB over a slow network',
    'every key its own value',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(10, 'large', 1_000_000)
      t.line.set('toClient', { jitterMs: 20 })
      const outcomes = await t.run(getsOf(keys))
      t.judge(keys, outcomes)
      for (const { value } of outcomes) expect(value.length > 1_000_000, 'a value is short')
    },
    { patient: true },
  ),
  limit('close-in-flight', 'close while 10 reads of a frozen server wait', 'every read settles', async (t) => {
    await t.open()
    const keys = await t.storedKeys(10)
    await t.untilRight(keys)
    t.site.server.freeze()
    const count = t.client.isSync ? 1 : 10
    const reads = t.start(getsOf(keys.slice(0, count)))
    const closed = t.caller.close().catch(ignoreErrors)
    await reads.settled
    t.judge(keys.slice(0, count), reads.outcomes, ['error'])
    await closed
  }),
  limit(
    'exit-after-close',
    'close after an outage',
    'the process ends by itself',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(3)
      await t.untilRight(keys)
      await t.line.cut()
      await t.read(keys, ['error'])
      await t.line.heal()
      await t.untilRight(keys)
      await t.caller.close().catch(ignoreErrors)
      await t.caller.leave()
      const end = await Promise.race([t.caller.exited, t.pause(30_000)])
      expect(end !== undefined, 'the process was still there after 30 s')
      expect(end.code === 0, `the process ended with code ${end.code}`)
    },
    { quick: true },
  ),
  limit(
    'unknown-host',
    'a server whose name does not exist',
    'errors, never misses; the process goes on',
    async (t) => {
      await t.open({ servers: [{ host: 'cache.invalid', port: 11_211 }] })
      const keys = ['key:0', 'key:1', 'key:2']
      for (const outcome of await t.run(getsOf(keys))) expectError(outcome, 'a read of a server that does not exist')
      await t.caller.echo()
    },
    { place: 'none' },
  ),
]

/** A hang is a problem of its own; that a client refuses to close beside a frozen server is not. */
function ignoreErrors(error) {
  if (error.verdict !== undefined) throw error
}

async function fill(door) {
  for (let index = 0; index < 2000; index++) {
    try {
      await door.set(`filler:${index}`, valueFor(`filler:${index}`, index < 400 ? 90_000 : 20))
    } catch {
      if (index > 400) return
      index = Math.max(index, 399)
    }
  }
}
