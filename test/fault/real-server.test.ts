import { describe, expect, it } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { MemcacheError } from '../../src/errors.ts'
import { eventually, settleAll, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { startMemcached } from '../support/real-memcached.ts'

const timeoutMs = 300
/** A loaded machine may be late; a hang is later. */
const slackMs = 10_000

/** Workers that read and write as fast as they are answered; every value carries its key. */
class Load {
  readonly #cache: Memcache
  readonly #workers: Promise<void>[]
  #stopped = false
  answered = 0
  failed = 0
  readonly wrong: string[] = []

  constructor(cache: Memcache, workers = 30) {
    this.#cache = cache
    this.#workers = Array.from({ length: workers }, (_, at) => this.#work(at))
  }

  async #work(worker: number): Promise<void> {
    for (let round = 0; !this.#stopped; round++) {
      const key = `load:${(worker * 7 + round) % 100}`
      const size = round % 50 === 0 ? 50_000 : 20
      const calls = [this.#cache.set(key, `${key}|${'x'.repeat(size)}`), this.#cache.get(key), this.#cache.gets(key)]
      const outcomes = await settleAll<unknown>(calls, timeoutMs + slackMs)
      for (const [at, outcome] of outcomes.entries()) this.#note(key, at, outcome)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #note(key: string, at: number, outcome: PromiseSettledResult<unknown>): void {
    if (outcome.status === 'rejected') {
      this.failed++
      if (!(outcome.reason instanceof MemcacheError)) this.wrong.push(`${key}: ${String(outcome.reason)}`)
      return
    }
    this.answered++
    if (at === 0 || outcome.value === undefined) return
    const text = at === 1 ? outcome.value : (outcome.value as { value: unknown }).value
    if (!String(text).startsWith(`${key}|`)) this.wrong.push(`${key}: ${String(text).slice(0, 50)}`)
  }

  /** Waits for `count` more answers. */
  async more(count: number): Promise<void> {
    const goal = this.answered + count
    await until(() => this.answered >= goal, `${count} more answers (so far ${this.answered})`, 20_000)
  }

  /** Waits for `count` more failures. */
  async fail(count: number): Promise<void> {
    const goal = this.failed + count
    await until(() => this.failed >= goal, `${count} more failures (so far ${this.failed})`, 20_000)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#workers)
  }
}

describe.each(['meta', 'text'] as const)('memcached under load, protocol %s', (protocol) => {
  it('killed and restarted: clear errors, no wrong value, full recovery', { timeout: 60_000 }, async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, { timeoutMs, protocol })
    const load = new Load(cache)
    await load.more(500)
    for (let round = 0; round < 2; round++) {
      await server.kill('SIGKILL')
      await load.fail(100)
      await server.start()
      await load.more(500)
    }
    await load.stop()
    expect(load.wrong).toEqual([])
  })

  it('frozen and thawed: every call settles in time, no wrong value, full recovery', { timeout: 60_000 }, async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, { timeoutMs, protocol })
    const load = new Load(cache)
    await load.more(500)
    for (let round = 0; round < 2; round++) {
      server.freeze()
      await load.fail(100)
      server.thaw()
      await load.more(500)
    }
    await load.stop()
    expect(load.wrong).toEqual([])
  })

  it('frozen: one incr that timed out is counted once at the most', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, { timeoutMs: 200, protocol })
    await eventually(async () => expect(await cache.set('n', 0)).toBe(true))
    server.freeze()
    const [outcome] = await settleAll([cache.incr('n')], slackMs)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { delivery: 'unknown' } })
    server.thaw()
    await eventually(async () => expect(await cache.get('n')).toBeLessThanOrEqual(1), 15_000)
  })

  it('full of connections: rejects with the reason, and works when there is room', async () => {
    await using server = await startMemcached({ args: ['-c', '20'] })
    const first = faultClient(server.address, { ...patient, protocol })
    const others = Array.from({ length: 40 }, () => faultClient(server.address, { ...patient, protocol }))
    const outcomes = await settleAll(
      [first, ...others].map((cache) => cache.get('k')),
      60_000 + slackMs,
    )
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    for (const outcome of refused) expect(outcome).toMatchObject({ reason: { code: 'MEMLANE_CONNECT' } })
    await first.close()
    for (const cache of others.slice(1)) await cache.close()
    await eventually(async () => expect(await others[0]!.get('k')).toBeUndefined(), 60_000)
  })

  it('out of memory: SERVER_ERROR fails the call and keeps the connection', async () => {
    await using server = await startMemcached({ args: ['-M', '-m', '1', '-I', '512k'] })
    const cache = faultClient(server.address, { timeoutMs: 5000, protocol })
    const sets = Array.from({ length: 600 }, (_, at) => cache.set(`fill${at}`, 'x'.repeat(10_000)))
    const outcomes = await settleAll(sets, slackMs)
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    for (const outcome of refused) {
      expect(outcome).toMatchObject({ reason: { code: 'MEMLANE_SERVER_ERROR', delivery: 'answered' } })
    }
    expect(await cache.get('fill0')).toBe('x'.repeat(10_000))
  })
})
