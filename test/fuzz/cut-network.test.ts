import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { settleAll } from '../support/eventually.ts'
import { parametersOf, timeout } from './seed.ts'

const keyCount = 6
const mostSteps = 150
const kinds = [
  'get',
  'gets',
  'getMany',
  'set',
  'setLarge',
  'delete',
  'noreply',
  'cas',
  'incr',
  'touch',
  'pause',
] as const

interface Step {
  readonly kind: (typeof kinds)[number]
  readonly key: number
}

interface Scenario {
  readonly steps: readonly Step[]
  readonly protocol: 'meta' | 'text'
  readonly cutReplies: number
  readonly cutRequests: number
  readonly split: boolean
}

const bytesUntilCut = fc.oneof(fc.integer({ min: 20, max: 3000 }), fc.integer({ min: 3000, max: 300_000 }))

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  steps: fc.array(fc.record({ kind: fc.constantFrom(...kinds), key: fc.nat(keyCount - 1) }), {
    minLength: 20,
    maxLength: mostSteps,
  }),
  protocol: fc.constantFrom('meta', 'text'),
  cutReplies: bytesUntilCut,
  cutRequests: bytesUntilCut,
  split: fc.boolean(),
})

/** Plays steps without waiting for answers, but at `pause`, and keeps every answer that is foreign. */
class Player {
  readonly foreign: string[] = []
  readonly #cache: Memcache
  readonly #label: string

  constructor(cache: Memcache, label: string) {
    this.#cache = cache
    this.#label = label
  }

  async play(steps: readonly Step[]): Promise<void> {
    const pending: Promise<unknown>[] = []
    for (const [at, step] of steps.entries()) {
      if (step.kind === 'pause') await new Promise((resolve) => setImmediate(resolve))
      else pending.push(this.#start(step.kind, this.#key(step.key), at).catch(() => {}))
    }
    await settleAll(pending, 15_000)
  }

  #key(at: number): string {
    return `${this.#label}:${at}`
  }

  #check(key: string, value: unknown): void {
    if (value === undefined || (typeof value === 'string' && value.startsWith(`${key}|`))) return
    this.foreign.push(`${key} got ${inspect(value).slice(0, 40)}`)
  }

  async #start(kind: Exclude<Step['kind'], 'pause'>, key: string, at: number): Promise<void> {
    const cache = this.#cache
    const value = `${key}|${at}`
    switch (kind) {
      case 'get':
        return this.#check(key, await cache.get(key))
      case 'gets':
        return this.#check(key, (await cache.gets(key))?.value)
      case 'getMany':
        return this.#readAll()
      case 'set':
        return void (await cache.set(key, value))
      case 'setLarge':
        return void (await cache.set(key, `${value}${'\r\nEND\r\nVALUE x 0 1\r\n'.repeat(1000)}`))
      case 'delete':
        return void (await cache.delete(key))
      case 'noreply':
        return cache.noreply.set(key, value)
      case 'cas':
        return void (await cache.cas(key, value, BigInt(at)))
      case 'incr':
        return this.#count(`${key}:n`)
      case 'touch':
        return void (await cache.touch(key, 100))
    }
  }

  async #readAll(): Promise<void> {
    const keys = Array.from({ length: keyCount }, (_, at) => this.#key(at))
    for (const [key, value] of await this.#cache.getMany(keys)) this.#check(key, value)
  }

  async #count(key: string): Promise<void> {
    const count = await this.#cache.incr(key, 1, { initial: 1 })
    if (count === undefined || count < 1 || count > mostSteps) this.foreign.push(`${key} got ${String(count)}`)
  }
}

describe('random commands over a network that cuts', () => {
  let server: MemcachedServer
  let runs = 0
  beforeAll(async () => {
    server = await MemcachedServer.start({ host: '127.0.0.1', port: 0 })
  })
  afterAll(() => server.close())

  async function run(scenario: Scenario): Promise<void> {
    await using proxy = await FaultProxy.start(server.address)
    const isSplit = scenario.split && scenario.cutReplies < 3000
    proxy.set('toClient', { cutAfterBytes: scenario.cutReplies, ...(isSplit ? { splitBytes: 1 } : {}) })
    proxy.set('toServer', { cutAfterBytes: scenario.cutRequests })
    const cache = new Memcache(proxy.address, { timeoutMs: 1000, connectTimeoutMs: 1000, protocol: scenario.protocol })
    try {
      const player = new Player(cache, `run${runs++}`)
      await player.play(scenario.steps)
      expect(player.foreign).toEqual([])
    } finally {
      cache.destroy()
    }
  }

  it('no answer belongs to another key, and every call settles', { timeout }, async () => {
    await fc.assert(fc.asyncProperty(scenarios, run), { ...parametersOf(60), endOnFailure: true })
  })
})
