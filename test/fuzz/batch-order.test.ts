import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { BatchError, OverloadedError } from '../../src/errors.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { patient } from '../support/memcache-options.ts'
import { Switchboard } from '../support/switchboard.ts'
import { playRounds, timeout } from './seed.ts'

let server: MemcachedServer
let observer: Memcache

beforeAll(async () => {
  server = await MemcachedServer.start()
  observer = new Memcache(server.address, patient)
})

afterAll(async () => {
  observer.destroy()
  await server.close()
})

/** A client whose batches have at most 20 commands under way. */
function client(protocol: 'meta' | 'text'): Memcache {
  return new Memcache(server.address, { ...patient, maxPending: 40, protocol })
}

function pairsOf(keys: readonly string[], value: unknown): [string, unknown][] {
  return keys.map((key) => [key, value])
}

type Model = Map<string, string>

/** What a command does to one key of the model; gives its result. */
type Change = (model: Model, key: string) => unknown

/** One call: what it does, to which keys, by which command on each. */
interface Course {
  readonly call: (cache: Memcache) => Promise<unknown>
  readonly keys: readonly string[]
  readonly change: Change
  /** What the call gives, by what each key gave. */
  readonly result: (results: readonly (readonly [key: string, result: unknown])[]) => unknown
}

const field = Array.from({ length: 120 }, (_, at) => `field:${at}`)

const count: Change = (model, key) => {
  const present = model.get(key)
  if (present === undefined) return undefined
  model.set(key, String(Number(present) + 1))
  return Number(present) + 1
}

const append: Change = (model, key) => model.has(key) && model.set(key, `${model.get(key)!}1`) === model

const remove: Change = (model, key) => model.delete(key)

function courseOf(random: () => number): Course {
  const value = String(Math.floor(random() * 1000))
  const start = Math.floor(random() * field.length)
  const keys = [...field.slice(start), ...field.slice(0, start)].slice(0, 1 + Math.floor(random() * field.length))
  const one = keys[0]!
  const set: Change = (model, key) => model.set(key, value) === model
  const add: Change = (model, key) => !model.has(key) && model.set(key, value) === model
  const alone = { keys: [one], result: (results: readonly (readonly [string, unknown])[]) => results[0]![1] }
  const nothing = { keys, result: () => undefined }
  const courses: readonly Course[] = [
    { call: (cache) => cache.setMany(pairsOf(keys, value)), keys, change: set, result: () => [] },
    {
      call: (cache) => cache.addMany(pairsOf(keys, value)),
      keys,
      change: add,
      result: (results) => results.filter(([, added]) => added === false).map(([key]) => key),
    },
    {
      call: (cache) => cache.deleteMany(keys),
      keys,
      change: remove,
      result: (results) => results.filter(([, removed]) => removed === true).length,
    },
    {
      call: (cache) => cache.incrMany(keys),
      keys,
      change: count,
      result: (results) => new Map(results.filter(([, counted]) => counted !== undefined)),
    },
    { call: (cache) => cache.noreply.setMany(pairsOf(keys, value)), ...nothing, change: set },
    { call: (cache) => cache.noreply.addMany(pairsOf(keys, value)), ...nothing, change: add },
    { call: (cache) => cache.noreply.deleteMany(keys), ...nothing, change: remove },
    { call: (cache) => cache.set(one, value), ...alone, change: set },
    { call: (cache) => cache.noreply.set(one, value), ...nothing, keys: [one], change: set },
    { call: (cache) => cache.incr(one), ...alone, change: count },
    { call: (cache) => cache.append(one, '1'), ...alone, change: append },
    { call: (cache) => cache.get(one), ...alone, change: (model, key) => model.get(key) },
    { call: (cache) => cache.touch(one, 1000), ...alone, change: (model, key) => model.has(key) },
    { call: (cache) => cache.delete(one), ...alone, change: remove },
  ]
  return courses[Math.floor(random() * courses.length)]!
}

/** A `getMany` of some of the keys: all of it comes before the calls after it. */
function readOf(random: () => number): Course {
  const keys = field.filter(() => random() < 0.5)
  return {
    call: (cache) => cache.getMany(keys),
    keys,
    change: (model, key) => model.get(key),
    result: (results) => new Map(results.filter(([, value]) => value !== undefined)),
  }
}

/** The keys that were not carried out, for nothing but too many commands at a time. */
function refusedKeys(outcome: PromiseSettledResult<unknown>, keys: readonly string[]): ReadonlySet<string> {
  if (outcome.status === 'fulfilled') return new Set()
  const reason: unknown = outcome.reason
  const failed: ReadonlyMap<unknown, unknown> =
    reason instanceof BatchError ? reason.failed : new Map([[keys[0], reason]])
  for (const error of failed.values()) expect(error).toBeInstanceOf(OverloadedError)
  return new Set([...failed.keys()] as string[])
}

describe('any calls of one turn, with windows of 20 commands', () => {
  it('do to each key what they would do one after the other', { timeout }, async () => {
    await playRounds(60, async ({ random, seed }) => {
      const cache = client(seed % 2 === 0 ? 'meta' : 'text')
      server.flush()
      const model: Model = new Map()
      const courses = Array.from({ length: 14 }, () => courseOf(random))
      const outcomes = await Promise.allSettled(courses.map(({ call }) => call(cache)))
      for (const [at, { keys, change, result }] of courses.entries()) {
        const refused = refusedKeys(outcomes[at]!, keys)
        const done = keys.filter((key) => !refused.has(key))
        const results = done.map((key) => [key, change(model, key)] as const)
        if (refused.size === 0) expect(outcomes[at]).toEqual({ status: 'fulfilled', value: result(results) })
      }
      expect(await observer.getMany(field)).toEqual(
        new Map(field.flatMap((key) => (model.has(key) ? [[key, model.get(key)]] : []))),
      )
      cache.destroy()
    })
  })
})

describe('any calls of one turn, over many servers that answer in any order, with a readWindow', () => {
  it('do to each key what they would do one after the other', { timeout }, async () => {
    const board = await Switchboard.open(12)
    await playRounds(30, async ({ random, seed }) => {
      const cache = await board.client(1 + (seed % 3), { protocol: seed % 2 === 0 ? 'meta' : 'text' })
      await cache.flushAll({ server: board.names[0]! })
      const model: Model = new Map()
      const courses = Array.from({ length: 14 }, () => (random() < 0.4 ? readOf(random) : courseOf(random)))
      board.hold()
      const outcomes = Promise.all(courses.map(({ call }) => call(cache)))
      await Promise.all([outcomes, answerInAnyOrder(board, outcomes, random)])
      board.release()
      const results = await outcomes
      for (const [at, { keys, change, result }] of courses.entries()) {
        expect(results[at]).toEqual(result(keys.map((key) => [key, change(model, key)] as const)))
      }
      cache.destroy()
    })
  })
})

async function answerInAnyOrder(board: Switchboard, outcomes: Promise<unknown>, random: () => number): Promise<void> {
  const calls = { areOver: false }
  const end = (): void => {
    calls.areOver = true
  }
  outcomes.then(end, end)
  while (!calls.areOver) {
    const { holding } = board
    if (holding.length > 0) board.release(holding[Math.floor(random() * holding.length)])
    await nextTurn()
  }
}
