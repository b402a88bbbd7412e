import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConflictError, InvalidInputError, ServerDownError, TimeoutError } from '../../../src/errors.ts'
import { type Held, type OnceOptions, once } from '../../../src/recipes/once.ts'
import { MockMemcache } from '../../../src/testing/mock-memcache.ts'
import { collectCommandErrors } from '../../support/command-errors.ts'
import { rejection } from '../../support/eventually.ts'
import { Gate } from '../../support/gate.ts'

const options: OnceOptions = { ttl: 30 }

afterEach(() => {
  vi.useRealTimers()
})

/** Work that waits until the test lets it end. */
class Work {
  readonly #started: Gate = new Gate()
  readonly #end: Gate = new Gate()
  held: Held | undefined
  /** Seconds after the start at which the signal aborted. */
  abortedAfter: number | undefined

  readonly run = async (held: Held): Promise<string> => {
    this.held = held
    const startedAt = performance.now()
    held.signal.addEventListener('abort', () => {
      this.abortedAfter = (performance.now() - startedAt) / 1000
    })
    this.#started.open()
    await this.#end.opened
    return 'done'
  }

  get started(): Promise<void> {
    return this.#started.opened
  }

  end(): void {
    this.#end.open()
  }
}

function useClock(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
}

async function pass(seconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(seconds * 1000)
}

describe.each(['meta', 'text'] as const)('once, protocol %s', (protocol) => {
  it('runs the work, gives its value, and leaves nothing behind', async () => {
    const cache = new MockMemcache(undefined, { protocol })
    expect(await once(cache, 'report', options, () => 7)).toEqual({ ran: true, value: 7 })
    expect(cache.size).toBe(0)
    expect(await once(cache, 'report', options, () => Promise.resolve('again'))).toEqual({ ran: true, value: 'again' })
  })

  it('does not run the work while another caller is at it', async () => {
    const cache = new MockMemcache(undefined, { protocol })
    const work = new Work()
    const first = once(cache, 'report', options, work.run)
    await work.started
    const other = new MockMemcache(undefined, { protocol, sharedWith: cache })
    const never = vi.fn<() => void>()
    expect(await once(other, 'report', options, never)).toEqual({ ran: false })
    expect(await once(other, 'other', options, () => 1)).toEqual({ ran: true, value: 1 })
    expect(await once(other.namespace('n:'), 'report', options, () => 2)).toEqual({ ran: true, value: 2 })
    work.end()
    expect(await first).toEqual({ ran: true, value: 'done' })
    expect(await once(other, 'report', options, () => 3)).toEqual({ ran: true, value: 3 })
    expect(never).not.toHaveBeenCalled()
  })

  it('removes the mark before it passes on what the work throws', async () => {
    const cache = new MockMemcache(undefined, { protocol })
    const failure = new Error('no paper')
    for (const work of [
      () => Promise.reject(failure),
      () => {
        throw failure
      },
    ]) {
      expect(await rejection(once(cache, 'report', options, work))).toBe(failure)
      expect(cache.size).toBe(0)
    }
  })

  it('renews the mark for as long as the work takes', async () => {
    useClock()
    const cache = new MockMemcache(undefined, { protocol })
    const work = new Work()
    const running = once(cache, 'report', options, work.run)
    await work.started
    for (let minute = 0; minute < 5; minute++) {
      await pass(60)
      expect(await once(cache, 'report', options, () => 1)).toEqual({ ran: false })
      expect(await work.held!.stillHeld()).toBe(true)
    }
    expect(work.abortedAfter).toBeUndefined()
    work.end()
    await running
    expect(cache.size).toBe(0)
  })

  it('aborts within a third of the ttl when the mark was removed, and leaves that of the next owner alone', async () => {
    useClock()
    const cache = new MockMemcache(undefined, { protocol })
    const [first, second] = [new Work(), new Work()]
    const running = once(cache, 'report', options, first.run)
    await first.started
    await pass(14)
    await cache.delete('once:report')
    const overlapping = once(cache, 'report', options, second.run)
    await second.started
    await pass(5.5)
    expect(first.abortedAfter).toBeUndefined()
    await pass(0.6)
    expect(first.abortedAfter).toBeCloseTo(20, 0)
    expect(first.held!.signal.reason).toBeInstanceOf(ConflictError)
    expect(first.held!.signal.reason.message).toBe(
      'the mark once:report is lost: another caller has it, or it was deleted or evicted',
    )
    expect(await first.held!.stillHeld()).toBe(false)
    first.end()
    expect(await running).toEqual({ ran: true, value: 'done' })
    expect(await second.held!.stillHeld()).toBe(true)
    expect(await once(cache, 'report', options, () => 1)).toEqual({ ran: false })
    second.end()
    await overlapping
    expect(second.abortedAfter).toBeUndefined()
  })

  it('aborts at once when stillHeld finds that the mark is gone', async () => {
    const cache = new MockMemcache(undefined, { protocol })
    const work = new Work()
    const running = once(cache, 'report', options, work.run)
    await work.started
    cache.flush()
    expect(await work.held!.stillHeld()).toBe(false)
    expect(work.held!.signal.reason.message).toBe('the mark once:report is lost: it was deleted or evicted')
    work.end()
    await running
    expect(await work.held!.stillHeld()).toBe(false)
  })

  it('aborts before the mark may expire when it cannot be renewed', async () => {
    useClock()
    const cache = new MockMemcache(undefined, { protocol })
    const errors = collectCommandErrors(cache)
    const work = new Work()
    const running = once(cache, 'report', options, work.run)
    await work.started
    await pass(11)
    cache.fail({ error: 'down' })
    await pass(27.5)
    expect(work.abortedAfter).toBeUndefined()
    await pass(1)
    // Renewed at 10 seconds, it lives to 39 at least.
    expect(work.abortedAfter).toBeCloseTo(39, 0)
    expect(work.held!.signal.reason).toBeInstanceOf(TimeoutError)
    expect(work.held!.signal.reason.cause).toBeInstanceOf(ServerDownError)
    expect(errors.length).toBeGreaterThan(3)
    work.end()
    // The mark cannot be removed either: that is no failure of the work.
    expect(await running).toEqual({ ran: true, value: 'done' })
  })

  it('goes on when the cache is back before the mark expires', async () => {
    useClock()
    const cache = new MockMemcache(undefined, { protocol })
    const work = new Work()
    const running = once(cache, 'report', options, work.run)
    await work.started
    await pass(9)
    cache.fail({ error: 'down' })
    await pass(15)
    expect((await rejection(work.held!.stillHeld())).name).toBe('ServerDownError')
    cache.heal()
    await pass(60)
    expect(work.abortedAfter).toBeUndefined()
    work.end()
    await running
  })

  it('lets a mark expire whose owner died', async () => {
    useClock()
    const cache = new MockMemcache(undefined, { protocol })
    const dead = new MockMemcache(undefined, { protocol, sharedWith: cache })
    const work = new Work()
    void once(dead, 'report', options, work.run)
    await work.started
    dead.destroy()
    await pass(25)
    expect(await once(cache, 'report', options, () => 1)).toEqual({ ran: false })
    // Its renewal has failed with ClosedError.
    expect(work.held!.signal.aborted).toBe(true)
    await pass(6)
    expect(await once(cache, 'report', options, () => 1)).toEqual({ ran: true, value: 1 })
    work.end()
  })

  it('rejects when the cache fails, whatever the option failures, and runs nothing', async () => {
    const cache = new MockMemcache(undefined, { protocol, failures: 'miss' })
    cache.fail({ error: 'down' })
    const never = vi.fn<() => void>()
    expect(await rejection(once(cache, 'report', options, never))).toBeInstanceOf(ServerDownError)
    expect(never).not.toHaveBeenCalled()
  })

  it('keeps the ttl that it was given, whatever ttlJitter and defaultTtl say', async () => {
    const cache = new MockMemcache(undefined, { ttlJitter: 1, defaultTtl: 5, now: () => 1_700_000_000_000 })
    const ttls = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        once(cache, `n${at}`, options, async () => (await cache.inspect(`once:n${at}`))?.ttl),
      ),
    )
    expect(ttls).toEqual(ttls.map(() => ({ ran: true, value: 30 })))
  })

  it('renews as often as the maxTtl of the client needs', async () => {
    useClock()
    const cache = new MockMemcache(undefined, { protocol, maxTtl: 6 })
    const work = new Work()
    const running = once(cache, 'report', options, work.run)
    await work.started
    await pass(60)
    expect(await once(cache, 'report', options, () => 1)).toEqual({ ran: false })
    expect(work.abortedAfter).toBeUndefined()
    work.end()
    await running
  })
})

/** Lets the answer to storing a mark come too late. */
function lose(cache: MockMemcache): void {
  cache.slow({ command: 'add', latencyMs: 100 })
}

describe('once, when the answer to storing the mark is lost', () => {
  const impatient = { timeoutMs: 20 }

  it('runs the work if the mark is there and its own', async () => {
    const cache = new MockMemcache(undefined, impatient)
    lose(cache)
    expect(await once(cache, 'report', options, () => 1)).toEqual({ ran: true, value: 1 })
    expect(cache.size).toBe(0)
  })

  it('does not run it if another caller has the mark', async () => {
    const cache = new MockMemcache(undefined, impatient)
    const work = new Work()
    const first = once(cache, 'report', options, work.run)
    await work.started
    lose(cache)
    expect(await once(cache, 'report', options, () => 1)).toEqual({ ran: false })
    work.end()
    await first
  })

  it('rejects if there is no mark, or that cannot be read: nothing says that another caller is at it', async () => {
    const cache = new MockMemcache(undefined, impatient)
    const never = vi.fn<() => void>()
    const lost = cache.fail({ command: 'add', error: 'timeout' })
    expect(await rejection(once(cache, 'report', options, never))).toMatchObject({
      delivery: 'unknown',
      command: 'add',
    })
    expect(lost.count).toBe(1)
    cache.fail({ command: 'gets', error: 'down' })
    expect(await rejection(once(cache, 'report', options, never))).toMatchObject({
      delivery: 'unknown',
      command: 'add',
    })
    expect(never).not.toHaveBeenCalled()
  })
})

describe('once', () => {
  it.each<[what: string, name: unknown, more: object, message: RegExp]>([
    ['a ttl of 2', 'n', { ttl: 2 }, /option ttl must be whole seconds from 3 to 2592000, got 2/],
    ['a ttl that is not whole', 'n', { ttl: 3.5 }, /option ttl/],
    ['a ttl of more than 30 days', 'n', { ttl: 2_592_001 }, /option ttl/],
    ['a Date', 'n', { ttl: new Date(Date.now() + 100_000) }, /option ttl/],
    ['no ttl', 'n', { ttl: undefined }, /option ttl/],
    ['acceptSplit that is no boolean', 'n', { acceptSplit: 1 }, /option acceptSplit must be true or false, got 1/],
    ['a misspelt option', 'n', { tll: 3 }, /once has no option "tll"; it has ttl, acceptSplit/],
    ['an empty name', '', {}, /the name of once must be text that is not empty/],
    ['a name that is too long', 'x'.repeat(300), {}, /250/],
  ])('refuses %s', async (_what, name, more, message) => {
    const never = vi.fn<() => void>()
    const error = await rejection(once(new MockMemcache(), name as string, { ...options, ...more }, never))
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error.message).toMatch(message)
    expect(never).not.toHaveBeenCalled()
  })

  it('refuses work that is no function, and what is no client', async () => {
    const cache = new MockMemcache()
    expect((await rejection(once(cache, 'n', options, 1 as never))).message).toBe('once takes a function, got 1')
    expect(cache.size).toBe(0)
    const error = await rejection(once({} as never, 'n', options, () => 1))
    expect(error.message).toMatch(/^once takes a Memcache or a namespace of one, got /)
  })

  it('refuses a client whose maxTtl is too short for a mark', async () => {
    const cache = new MockMemcache(undefined, { maxTtl: 2 })
    const error = await rejection(once(cache, 'n', options, () => 1))
    expect(error.message).toBe('once needs marks of 3 seconds, but maxTtl or gutterTtl of the client is 2')
  })
})
