import { beforeAll, describe, expect, it } from 'vitest'
import { BatchError, MemcacheError } from '../../src/errors.ts'
import type { MemcacheSyncOptions } from '../../src/sync/options.ts'
import { untilItWorks } from '../fault/sync-calls.ts'
import { type Setup, setUp } from '../fault/sync-recorded.ts'
import type { Mishap } from '../fault/sync-recorder.ts'
import { useBuiltWorker } from '../unit/sync/built-worker.ts'
import { playRounds, timeout } from './seed.ts'

beforeAll(useBuiltWorker)

/** A command, and how often the server has carried it out, where that shows. */
interface Tried {
  readonly call: () => unknown
  readonly times: () => number | undefined
}

const COMMANDS: readonly ((setup: Setup, key: string) => Tried)[] = [
  ({ cache, direct }, key) => ({ call: () => cache.set(key, 'v'), times: () => Number(direct.has(key)) }),
  ({ cache, direct }, key) => ({ call: () => cache.add(key, 'v'), times: () => Number(direct.has(key)) }),
  ({ cache, direct }, key) => {
    direct.set(key, '')
    return { call: () => cache.append(key, '+'), times: () => direct.get<string>(key)!.length }
  },
  ({ cache, direct }, key) => {
    direct.set(key, 10)
    return { call: () => cache.incr(key), times: () => direct.get<number>(key)! - 10 }
  },
  ({ cache, direct }, key) => {
    direct.set(key, 1)
    return { call: () => cache.delete(key), times: () => Number(!direct.has(key)) }
  },
  ({ cache, direct }, key) => {
    direct.set(key, 1)
    const { cas } = direct.gets(key)!
    return { call: () => cache.cas(key, 'v', cas), times: () => Number(direct.get(key) === 'v') }
  },
  ({ cache }, key) => ({ call: () => cache.getMany([key, 'warm']), times: () => undefined }),
  ({ cache }, key) => ({ call: () => cache.get(key), times: () => undefined }),
  ({ cache }, key) => ({ call: () => cache.gets(key), times: () => undefined }),
  ({ cache, direct }, key) => ({ call: () => cache.setMany({ [key]: 1 }), times: () => Number(direct.has(key)) }),
  ({ meta, direct }, key) => ({ call: () => meta.set(key, 'v'), times: () => Number(direct.has(key)) }),
  ({ meta, direct }, key) => {
    direct.set(key, 10)
    return { call: () => meta.incr(key), times: () => direct.get<number>(key)! - 10 }
  },
  ({ meta, direct }, key) => {
    direct.set(key, 1)
    return { call: () => meta.delete(key), times: () => Number(!direct.has(key)) }
  },
]

const USUAL_ROUNDS = 104

const REPLIES: readonly string[] = ['', 'x\r\n', 'HD\r\n', 'VALUE other 0 1\r\nx\r\nEND\r\n', 'END\r\nEND\r\n', '\r\n']

function pickMishap(random: () => number): Mishap {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  return {
    at: pick(['toServer', 'toClient', 'toClient', { reply: pick(REPLIES) }]),
    share: random() < 0.4 ? 0 : random(),
    next: pick(['accepted', 'refused', 'refused', 'silent', 'again']),
  }
}

describe('a synchronous client through faults of every kind', () => {
  it.each<[way: string, options: MemcacheSyncOptions]>([
    ['on the direct way', {}],
    ['through the worker', { direct: false }],
  ])(
    'never says not-sent of what was carried out, nor carries out twice what must not be: %s',
    async (_, options) => {
      const setup = await setUp(options)
      const { proxy, cache, meta } = setup
      await playRounds(USUAL_ROUNDS, ({ random, seed }) => {
        proxy.disarm()
        untilItWorks(() => meta.get('warm'))
        for (let at = 0; at < 3; at++) untilItWorks(() => cache.set('warm', at))
        const { call, times } = COMMANDS[seed % COMMANDS.length]!(setup, `key:${seed}`)
        const mishap = pickMishap(random)
        proxy.arm(mishap)
        let failure: unknown
        try {
          call()
        } catch (error) {
          failure = error
        }
        const about = JSON.stringify({ mishap, failure: String(failure) })
        const answers = proxy.takeAnswers()
        const carriedOut = times() ?? Math.min(answers, 1)
        expect(carriedOut, about).toBeLessThanOrEqual(1)
        if (failure === undefined) return
        expect(failure, about).toBeInstanceOf(MemcacheError)
        // Its keys may travel on several connections, and what failed never left, though others were answered.
        const isPart = failure instanceof BatchError && failure.found.size > 0
        if (carriedOut + answers > 0 && !isPart) expect((failure as MemcacheError).delivery, about).not.toBe('not-sent')
      })
    },
    timeout,
  )
})
