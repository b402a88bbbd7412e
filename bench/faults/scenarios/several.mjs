// Several servers, and several clients.

import { failure } from '../lab/replies.mjs'
import { expect } from '../problem.mjs'
import { getsOf, valueFor } from '../trial.mjs'

const GROUP = 'Several'
const KEYS = 60

function several(name, title, expects, play, more = {}) {
  return {
    name,
    group: GROUP,
    title,
    expects,
    play,
    count: 3,
    needs: ['several'],
    protocols: ['text', 'binary'],
    ...more,
  }
}

/** Stores keys through the client, and finds out which server each one is on. */
async function spread(t) {
  await t.open()
  const keys = await t.keys(KEYS)
  for (const key of keys)
    expect((await t.one('set', key, valueFor(key))).value === true, 'a write failed before the fault')
  const places = [[], [], []]
  for (const key of keys) {
    for (const [index, { door }] of t.sites.entries()) if ((await door.get(key)) !== undefined) places[index].push(key)
  }
  expect(
    places.every((list) => list.length > 0),
    'a server has no key at all',
  )
  return places
}

/** Reads keys of servers that are well among those of servers that are not: the former must be answered. */
async function readAmong(t, sick, well, options) {
  const keys = [...sick, ...well].toSorted()
  const outcomes = await t.run(getsOf(keys), options)
  const of = (list) => keys.flatMap((key, index) => (list.includes(key) ? [[key, outcomes[index]]] : []))
  for (const [list, allow] of [
    [sick, ['error', 'miss']],
    [well, []],
  ]) {
    const pairs = of(list)
    t.judge(
      pairs.map(([key]) => key),
      pairs.map(([, outcome]) => outcome),
      allow,
    )
  }
}

export default [
  several(
    'one-of-three-down',
    'one of three servers is down',
    'keys of the others are answered; its own fail, or go elsewhere',
    async (t) => {
      const [sick, ...well] = await spread(t)
      await t.sites[0].line.cut()
      await readAmong(t, sick, well.flat())
      await readAmong(t, sick, well.flat())
      await t.sites[0].line.heal()
      await t.untilRight(well.flat())
    },
    { quick: true },
  ),
  several(
    'one-of-three-frozen',
    'one of three servers is frozen, under load',
    'keys of the others are answered',
    async (t) => {
      const [sick, ...well] = await spread(t)
      t.sites[0].server.freeze()
      await readAmong(t, t.client.isSync ? sick.slice(0, 3) : sick, well.flat(), { everyMs: 5 })
      t.sites[0].server.thaw()
      await t.untilRight(well.flat())
    },
  ),
  several(
    'two-of-three-half-alive',
    'two of three servers are half alive: one takes connections and answers no read, one answers errors',
    'keys of the third are answered',
    async (t) => {
      const [silent, failing, well] = await spread(t)
      t.sites[0].interceptor.hook = ({ kind }) => (kind === 'read' ? { send: [] } : undefined)
      t.sites[1].interceptor.hook = (exchange) =>
        exchange.kind === 'read' ? { send: failure(exchange, 'out of order') } : undefined
      const sick = t.client.isSync ? [...silent.slice(0, 2), ...failing] : [...silent, ...failing]
      for (let round = 0; round < 2; round++) await readAmong(t, sick, well, { everyMs: 5 })
    },
    { place: 'interceptor', quick: true },
  ),
  several(
    'half-alive-again',
    'the two servers that were half alive are well again',
    'their keys are answered again',
    async (t) => {
      const [silent, failing, well] = await spread(t)
      t.sites[0].interceptor.hook = ({ kind }) => (kind === 'read' ? { send: [] } : undefined)
      t.sites[1].interceptor.hook = (exchange) =>
        exchange.kind === 'read' ? { send: failure(exchange, 'out of order') } : undefined
      const sick = t.client.isSync ? [...silent.slice(0, 2), ...failing] : [...silent, ...failing]
      await readAmong(t, sick, well)
      for (const { interceptor } of t.sites) interceptor.hook = undefined
      await t.untilRight([...silent, ...failing, ...well], ['error', 'miss'])
    },
    { place: 'interceptor' },
  ),
  several(
    'member-flapping',
    'one of three servers goes and comes under load',
    'every call settles, keys of the others are answered',
    async (t) => {
      const [sick, ...well] = await spread(t)
      const all = Array.from({ length: 300 }, (_, index) =>
        index % 3 === 0 ? sick[index % sick.length] : well.flat()[index % well.flat().length],
      )
      const load = t.start(getsOf(all), { everyMs: 5 })
      for (let round = 0; round < 4; round++) {
        await t.pause(150)
        await t.sites[0].line.cut()
        await t.pause(150)
        await t.sites[0].line.heal()
      }
      await load.settled
      t.judge(all, load.outcomes, ['error', 'miss'])
      await t.untilRight(well.flat())
    },
  ),
  several(
    'old-value-after-return',
    'a server is cut off while its keys are written, and comes back with the old ones',
    'what was reported as written is never read in an older state',
    async (t) => {
      const [sick] = await spread(t)
      await t.sites[0].line.cut()
      const written = new Map()
      for (let round = 0; round < 10; round++) {
        const keys = sick.filter((key) => !written.has(key))
        const outcomes = await t.run(keys.map((key) => ['set', key, `new ${valueFor(key)}`]))
        for (const [index, { value }] of outcomes.entries())
          if (value === true) written.set(keys[index], `new ${valueFor(keys[index])}`)
        await t.pause(50)
      }
      await t.sites[0].line.heal()
      for (let round = 0; round < 40; round++) {
        const keys = [...written.keys(), ...sick]
        const outcomes = await t.run(getsOf(keys))
        for (const [index, { kind, value }] of outcomes.entries()) {
          const key = keys[index]
          const isOld = kind === 'value' && written.has(key) && value !== written.get(key)
          expect(!isOld, `${key} was written anew, and its old value was read afterwards`)
        }
        await t.pause(100)
      }
    },
    { quick: true },
  ),
  several(
    'membership-under-load',
    'a server is removed and added again under load',
    'every call settles; no value of another key',
    async (t) => {
      const places = await spread(t)
      const keys = places.flat()
      const all = Array.from({ length: 400 }, (_, index) => keys[index % keys.length])
      const load = t.start(getsOf(all), { everyMs: 4 })
      const address = `${t.isTls ? 'localhost' : '127.0.0.1'}:${t.sites[0].line.port}`
      for (let round = 0; round < 3; round++) {
        await t.pause(150)
        await t.one('removeServer', address)
        await t.pause(150)
        await t.one('addServer', address)
      }
      await load.settled
      t.judge(all, load.outcomes, ['error', 'miss'])
      await t.untilRight(keys, ['error', 'miss'])
    },
    { needs: ['several', 'members'] },
  ),
  several(
    'two-clients-one-counter',
    'two clients count on one key while connections are reset',
    'no count is lost that was answered, none is made twice',
    async (t) => {
      await t.open()
      await t.open()
      const [key] = await t.keys(1, 'counter')
      await t.door.set(key, '0')
      const calls = Array.from({ length: 100 }, () => ['incr', key, 1])
      const runs = [0, 1].map((which) => t.start(calls, { everyMs: 5, which }))
      for (let round = 0; round < 4; round++) {
        await t.pause(120)
        t.line.reset()
      }
      await Promise.all(runs.map(({ settled }) => settled))
      const answered = runs.flatMap(({ outcomes }) => outcomes).filter(({ kind }) => kind === 'value').length
      const count = Number(await t.door.get(key))
      expect(count >= answered, `${answered} counts were answered, the counter is at ${count}`)
      expect(count <= 200, `200 counts were asked for, the counter is at ${count}`)
    },
    { count: 1, needs: [], protocols: ['text', 'binary', 'redis'] },
  ),
  several(
    'two-clients-one-item',
    'two clients change one item by check and set while connections are reset',
    'of two changes of the same state one is done',
    async (t) => {
      await t.open()
      await t.open()
      const [key] = await t.keys(1)
      await t.door.set(key, 'round 0')
      for (let round = 1; round <= 30; round++) {
        const seen = [await t.run([['gets', key]], { which: 0 }), await t.run([['gets', key]], { which: 1 })].map(
          ([outcome]) => outcome,
        )
        if (seen.some(({ kind }) => kind !== 'value') || String(seen[0].value.cas) !== String(seen[1].value.cas))
          continue
        const changes = seen.map(({ value }, which) =>
          t.start([['cas', key, `round ${round} of ${which}`, value]], { which }),
        )
        if (round % 5 === 0) t.line.reset()
        await Promise.all(changes.map(({ settled }) => settled))
        const done = changes.filter(({ outcomes: [{ kind, value }] }) => kind === 'value' && value === true)
        expect(done.length <= 1, 'both clients were told that they changed the same state')
        const failed = changes.some(({ outcomes: [{ kind }] }) => kind === 'error')
        expect(done.length === 1 || failed, 'neither client changed the item, and neither failed')
      }
    },
    { count: 1, needs: ['cas'], patient: true },
  ),
]
