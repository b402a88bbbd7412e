// Servers and networks that fail: killed, frozen, cut off, slow.
import { expectError } from '../judge.mjs'
import { expect } from '../problem.mjs'
import { getsOf } from '../trial.mjs'

const GROUP = 'Outages'
const redis = { protocols: ['text', 'binary', 'redis'] }

/** Makes the client connect, so that the fault hits an open connection. */
async function ready(t, count, prefix, lengthen) {
  await t.open()
  const keys = await t.storedKeys(count, prefix, lengthen)
  await t.untilRight(keys.slice(0, 1))
  return keys
}

/** Starts reads, and waits until the server has them and the client waits. */
async function inFlight(t, keys) {
  t.line.set('toClient', { drop: 1 })
  const since = t.line.bytesToServer
  const reads = t.start(getsOf(keys))
  await t.line.asked(since)
  return reads
}

function judged(t, keys, { settled, outcomes }, allow) {
  return settled.then(() => t.judge(keys, outcomes, allow))
}

function outage(name, title, expects, play, more = {}) {
  return { name, group: GROUP, title, expects, play, ...redis, ...more }
}

export default [
  outage(
    'killed-in-flight',
    'the server is killed with 500 reads under way',
    'errors, never misses; works again after the restart',
    async (t) => {
      const keys = await ready(t, 500)
      const reads = await inFlight(t, keys)
      await t.site.server.kill()
      await t.line.cut()
      await judged(t, keys, reads, ['error'])
      await t.site.server.start()
      await t.line.heal()
      await t.untilStored(keys.slice(0, 3))
    },
    { quick: true },
  ),
  outage(
    'ended-in-flight',
    'the server ends the connection with 10 reads under way',
    'errors, never misses',
    async (t) => {
      const keys = await ready(t, 10)
      const reads = await inFlight(t, keys)
      t.line.halfClose()
      await t.line.heal()
      await judged(t, keys, reads, ['error'])
      await t.untilRight(keys)
    },
    { quick: true },
  ),
  outage('reset-in-flight', 'the connection is reset with 10 reads under way', 'errors, never misses', async (t) => {
    const keys = await ready(t, 10)
    const reads = await inFlight(t, keys)
    t.line.reset()
    await t.line.heal()
    await judged(t, keys, reads, ['error'])
    await t.untilRight(keys)
  }),
  outage(
    'down',
    'reads while the server is down',
    'errors, never misses',
    async (t) => {
      const keys = await ready(t, 10)
      await t.line.cut()
      for (let round = 0; round < 3; round++) await t.read(keys, ['error'])
      await t.line.heal()
      await t.untilRight(keys)
    },
    { quick: true },
  ),
  outage(
    'down-from-the-start',
    'the server is down when the client is made',
    'errors; works once the server is there',
    async (t) => {
      await t.line.cut()
      await t.open()
      const keys = await t.storedKeys(5)
      await t.read(keys, ['error'])
      await t.line.heal()
      await t.untilRight(keys)
    },
  ),
  outage('restart-under-load', 'the server restarts under load', 'every call settles; works again', async (t) => {
    const keys = await ready(t, 20)
    const all = Array.from({ length: 400 }, (_, index) => keys[index % keys.length])
    const since = t.line.bytesToServer
    const load = t.start(getsOf(all), { everyMs: 5 })
    await t.line.asked(since)
    await t.site.server.restart()
    await judged(t, all, load, ['error', 'miss'])
    await t.untilStored(keys.slice(0, 3))
  }),
  outage(
    'flapping',
    'the server goes and comes five times under load',
    'every call settles, no false misses; works again',
    async (t) => {
      const keys = await ready(t, 20)
      const all = Array.from({ length: 400 }, (_, index) => keys[index % keys.length])
      const load = t.start(getsOf(all), { everyMs: 5 })
      for (let round = 0; round < 5; round++) {
        await t.pause(150)
        await t.line.cut()
        await t.pause(150)
        await t.line.heal()
      }
      await judged(t, all, load, ['error'])
      await t.untilRight(keys)
    },
  ),
  outage(
    'frozen',
    'the server is frozen, one read',
    'an error within its time, not a miss; works after the thaw',
    async (t) => {
      const keys = await ready(t, 2)
      t.site.server.freeze()
      expectError(await t.one('get', keys[1]), 'a read of a frozen server')
      t.site.server.thaw()
      await t.untilRight(keys)
    },
    { quick: true },
  ),
  outage(
    'frozen-under-load',
    'the server is frozen while reads keep coming',
    'each read fails within its time, while the server is still frozen',
    async (t) => {
      const keys = await ready(t, 20)
      t.site.server.freeze()
      const all = Array.from({ length: 300 }, (_, index) => keys[index % keys.length])
      const count = t.client.isSync ? 5 : all.length
      await t.read(all.slice(0, count), ['error'], { everyMs: 10 })
      t.site.server.thaw()
      await t.untilRight(keys)
    },
    { quick: true },
  ),
  outage('frozen-counter', 'one incr of a frozen server, which thaws', 'counted once at most', async (t) => {
    const [warm] = await ready(t, 1)
    const [key] = await t.keys(1, 'counter')
    await t.door.set(key, '0')
    t.site.server.freeze()
    await t.one('incr', key, 1)
    t.site.server.thaw()
    await t.untilRight([warm])
    const count = await t.door.get(key)
    expect(Number(count) <= 1, `one call, and the counter is at ${count}`)
  }),
  outage(
    'late-replies',
    'replies that come after their callers gave up',
    'dropped; later reads get their own values',
    async (t) => {
      const late = await ready(t, 10, 'late')
      const keys = await t.storedKeys(10, 'next')
      t.line.freeze('toClient')
      await t.read(t.client.isSync ? late.slice(0, 2) : late, ['error'])
      const reads = t.start(getsOf(keys))
      t.line.thaw()
      await judged(t, keys, reads, ['error'])
      await t.untilRight([...late, ...keys])
    },
    { quick: true },
  ),
  outage(
    'reset-in-value',
    'the connection is reset in the middle of a value',
    'no half value; the next 40 reads get their own',
    async (t) => {
      const keys = await ready(t, 41, 'key', 2000)
      await brokenOff(t, keys, 'reset')
    },
    { place: 'interceptor', quick: true },
  ),
  outage(
    'ended-in-value',
    'the server ends the connection in the middle of a value',
    'no half value; the next 40 reads get their own',
    async (t) => {
      const keys = await ready(t, 41, 'key', 2000)
      await brokenOff(t, keys, 'end')
    },
    { place: 'interceptor' },
  ),
  outage(
    'silent-in-value',
    'the server falls silent in the middle of a value',
    'an error within its time; works on a new connection',
    async (t) => {
      const keys = await ready(t, 41, 'key', 2000)
      await brokenOff(t, keys, 'mute')
    },
    { place: 'interceptor' },
  ),
  outage(
    'ended-between-replies',
    'the connection ends exactly between two replies',
    'what was answered is kept, the rest are errors, never misses',
    async (t) => {
      const keys = await ready(t, 10)
      let count = 0
      t.site.interceptor.hook = ({ kind, reply }) =>
        kind === 'read' && ++count === 1 ? { send: reply, after: 'end' } : undefined
      await t.read(keys, ['error'])
      t.site.interceptor.hook = undefined
      await t.untilRight(keys)
    },
    { place: 'interceptor' },
  ),
  outage(
    'idle-end',
    'the server ends an idle connection',
    'the next read is answered, or fails and the one after it is answered',
    async (t) => {
      const keys = await ready(t, 5)
      t.line.halfClose()
      await t.pause(100)
      await t.line.heal()
      await t.untilRight(keys)
    },
  ),
  outage(
    'idle-reset',
    'an idle connection is reset',
    'the next read is answered, or fails and the one after it is answered',
    async (t) => {
      const keys = await ready(t, 5)
      t.line.reset()
      await t.pause(100)
      await t.untilRight(keys)
    },
  ),
  outage(
    'idle-dead',
    'an idle connection is dead without a word, new ones are fine',
    'errors at first; then a new connection',
    async (t) => {
      const keys = await ready(t, 5)
      t.site.interceptor.silenceOpen()
      await t.untilRight(keys)
    },
    { place: 'interceptor', quick: true },
  ),
  outage(
    'accepts-and-closes',
    'a server that accepts and closes at once, 300 reads',
    'errors, never misses, and no connect for every read',
    async (t) => {
      await t.open()
      const keys = await t.keys(300)
      await t.read(keys, ['error'], { everyMs: 10 })
      const { connections } = t.site.listener
      expect(connections < 270, `${connections} connects for 300 reads`)
    },
    { place: 'script', script: (socket) => socket.destroy() },
  ),
  outage(
    'accepts-in-silence',
    'a server that accepts and says nothing',
    'errors within their time, never misses',
    async (t) => {
      await t.open()
      const keys = await t.keys(t.client.isSync ? 2 : 20)
      await t.read(keys, ['error'])
    },
    { place: 'script', script: (socket) => socket.resume() },
  ),
  outage(
    'blackhole',
    'connecting meets no answer at all',
    'errors within their time, never misses',
    async (t) => {
      await t.open()
      const keys = await t.keys(t.client.isSync ? 2 : 10)
      await t.read(keys, ['error'])
    },
    { place: 'silent' },
  ),
  outage(
    'connection-limit',
    'the server is at its limit of connections',
    'errors, never misses; works when there is room',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(3)
      const doors = await takeAllConnections(t.site.server)
      for (let round = 0; round < 3; round++) await t.read(keys, ['error'])
      for (const door of doors) door.close()
      await t.untilRight(keys)
    },
    { args: { memcached: ['-c', '40'], redis: ['--maxclients', '20'] } },
  ),
  outage(
    'busy-event-loop',
    "the caller's own event loop is blocked while replies arrive",
    'answers or errors, never misses; works again',
    async (t) => {
      const keys = await ready(t, 20)
      const reads = t.start(getsOf(keys))
      await t.caller.block(1500)
      await judged(t, keys, reads, ['error'])
      await t.untilRight(keys)
    },
  ),
  outage(
    'one-byte-at-a-time',
    'a network that carries one byte at a time',
    'every value whole',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(30)
      t.line.set('toClient', { splitBytes: 1 })
      await t.read(keys)
      for (const key of keys) await t.door.set(key, 'END')
      for (const { kind, value } of await t.run(getsOf(keys)))
        expect(kind === 'value' && value === 'END', `END came back as ${value} (${kind})`)
    },
    { patient: true, quick: true },
  ),
  outage(
    'many-in-one',
    'a network that joins hundreds of replies',
    'every key its own value',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(300)
      t.line.set('toClient', { coalesceMs: 100 })
      await t.read(t.client.isSync ? keys.slice(0, 10) : keys)
    },
    { patient: true },
  ),
]

async function brokenOff(t, [first, ...rest], after) {
  const half = ({ keys, reply }) =>
    keys.includes(first) ? { send: reply.subarray(0, reply.length >> 1), after } : undefined
  t.site.interceptor.hook = half
  await t.read([first], ['error'])
  t.site.interceptor.hook = undefined
  await t.read(rest, ['error'])
  await t.untilRight([first, ...rest])
}

async function takeAllConnections(server) {
  const doors = []
  try {
    while (doors.length < 60) doors.push(await server.openDoor())
  } catch {
    // No room any more.
  }
  return doors
}
