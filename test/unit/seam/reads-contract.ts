import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { ClosedError, InvalidInputError, MemcacheError } from '../../../src/errors.ts'
import { encodeKeyBytes } from '../../../src/protocol/key.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { GET, GETS, type Request } from '../../../src/protocol/request.ts'
import type { Executor } from '../../../src/seam/executor.ts'
import type { ReadBatch } from '../../../src/seam/read-batch.ts'
import { dispatchReads } from '../../../src/seam/reads.ts'
import { RecordedReads, readText } from '../../support/recorded-reads.ts'

/** An executor in front of servers that hold nothing. */
export interface ReadsLab {
  readonly executor: Executor
  /** Ends the executor at once. */
  readonly destroy: (error: ClosedError) => void
}

/** What an executor promises. */
export interface ReadsContract {
  /** It carries a plain read of a batch out without an operation; `hits`: where its key is there. */
  readonly inBatches: boolean | 'hits'
  /** Values are no longer than this, in bytes. */
  readonly maxValueBytes: number
  readonly start: () => Promise<ReadsLab>
}

/** Holds an executor to the contract of `dispatchReads`: what becomes of a read is what becomes of an operation. */
export function describeReads(name: string, { inBatches, maxValueBytes, start }: ReadsContract): void {
  describe(`reads in batches, ${name}`, () => {
    it.each<[what: string, request: ReadBatch['request']]>([
      ['get', GET],
      ['gets', GETS],
      ['gat', { command: 'gat', exptime: 100 }],
      ['gats', { command: 'gats', exptime: 100 }],
    ])('give hits and misses what single operations give: %s', async (_what, request) => {
      const { executor } = await start()
      const keys = Array.from({ length: 300 }, (_, at) => `${'abc'[at % 3]}:${at}`)
      const stored = keys.map((key, at) => ({ key, at })).filter(({ at }) => at % 5 !== 0)
      await Promise.all(stored.map(({ key, at }) => store(executor, key, `value ${at}`)))
      const batch = read(executor, keys, request)
      const outcomes = await batch.settled
      expect(outcomes).toEqual(await Promise.all(keys.map((key) => run(executor, request, key))))
      expect(outcomes[0]).toBe('miss')
      expect(outcomes[1]).toMatch(/^value 1/)
      const misses = keys.flatMap((_, at) => (outcomes[at] === 'miss' ? [at] : []))
      if (inBatches !== false)
        expect(new Set(batch.detached.keys())).toEqual(new Set(inBatches === 'hits' ? misses : []))
    })

    it('carry out keys of every form, in base64 by an operation', async () => {
      const { executor } = await start()
      const keys = ['a plain', 'b', 'cé', 'a\n', 'b:2', 'c key']
      for (const key of keys) await store(executor, key, `of ${key}`)
      const batch = read(executor, keys)
      const outcomes = await batch.settled
      expect(outcomes).toEqual(await Promise.all(keys.map((key) => run(executor, GET, key))))
      expect(outcomes.map((outcome) => String(outcome).replace(' with a cas number', ''))).toEqual(
        keys.map((key) => `of ${key}`),
      )
      if (inBatches !== false) expect(new Set(batch.detached.keys())).toEqual(new Set([0, 3, 5]))
    })

    it('settle each read by an operation where the reply needs one', async () => {
      const { executor } = await start()
      await store(executor, 'a1', 'one')
      const batch = new RecordedReads(['a1', 'b1'], { indirect: true })
      dispatchReads(executor, batch)
      expect(await batch.settled).toEqual(['one', 'miss'])
    })

    it('fail a value that is too large, and no other', async () => {
      const { executor } = await start()
      const large = 'x'.repeat(maxValueBytes + 1)
      await store(executor, 'a', large)
      await store(executor, 'a2', 'small')
      const [failure, value, miss] = await read(executor, ['a', 'a2', 'a3']).settled
      expect([value, miss]).toEqual(['small', 'miss'])
      expect(failure).toEqual(await run(executor, GET, 'a'))
      expect(failure).toMatchObject({ name: 'ValueTooLargeError', delivery: 'answered' })
    })

    it('keep their place among the commands for a key', async () => {
      const { executor } = await start()
      await store(executor, 'a', 'before')
      const keys = ['a', 'b', 'c', 'a9']
      const stored = Promise.all(keys.map((key) => store(executor, key, 'earlier')))
      const batch = read(executor, keys)
      const later = Promise.all(keys.map((key) => store(executor, key, 'later')))
      expect(await batch.settled).toEqual(keys.map(() => 'earlier'))
      await stored
      await later
      expect(await read(executor, keys).settled).toEqual(keys.map(() => 'later'))
    })

    it('fail each read when nothing is carried out any more', async () => {
      const { executor, destroy } = await start()
      await read(executor, ['a', 'b']).settled
      const closed = new ClosedError('the client is closed', { delivery: 'not-sent' })
      destroy(closed)
      const outcomes = await read(executor, ['a', 'b', 'c']).settled
      expect(outcomes).toEqual([closed, closed, closed])
    })

    it('fail each read when everything ends while they are under way', async () => {
      const { executor, destroy } = await start()
      await read(executor, ['a', 'b']).settled
      const batch = read(executor, ['a', 'b', 'c'])
      destroy(new ClosedError('the client is closed', { delivery: 'not-sent' }))
      for (const outcome of await batch.settled) expect(outcome).toBeInstanceOf(ClosedError)
    })

    it('may be given up before they leave and while they are under way, and harm no other command', async () => {
      const { executor } = await start()
      await store(executor, 'a', 'value')
      const keys = ['a', 'b', 'c', 'a c']
      const unsent = read(executor, keys)
      unsent.cancel('given up')
      const sent = read(executor, keys)
      await new Promise((resolve) => setImmediate(resolve))
      sent.cancel('given up')
      expect(await read(executor, ['a', 'b']).settled).toEqual(['value', 'miss'])
      const allowed = new Set(['pending', 'given up', 'value', 'miss'])
      for (const outcome of [...unsent.outcomes, ...sent.outcomes]) expect(allowed).toContain(outcome)
    })

    it('fail when their time is up', async () => {
      const { executor } = await start()
      await read(executor, ['a']).settled
      const batch = new RecordedReads(['a', 'b', 'c'], { timeoutMs: 10 })
      batch.deadline = performance.now() - 10_000
      dispatchReads(executor, batch)
      for (const outcome of await batch.settled) {
        // A server in the same process may answer before the next look at the deadlines.
        if (outcome !== 'miss') expect(outcome).toMatchObject({ name: 'TimeoutError' })
      }
    })
  })
}

function read(executor: Executor, keys: readonly string[], request: ReadBatch['request'] = GET): RecordedReads {
  const batch = new RecordedReads(keys, { request })
  dispatchReads(executor, batch)
  return batch
}

/** Carries out a single operation; gives its failure as well. */
function run(executor: Executor, request: Request, key: string): Promise<unknown> {
  return new Promise((resolve) => {
    const operation = new Operation(request, encodeKeyBytes(Buffer.from(key)), key, 5000, readText)
    operation.resolve = resolve
    operation.reject = resolve
    executor.dispatch(operation)
  })
}

async function store(executor: Executor, key: string, data: string): Promise<void> {
  const bytes = Buffer.byteLength(data)
  const outcome = await run(executor, { command: 'set', data, bytes, clientFlags: 0, exptime: 0, cas: 0n }, key)
  if (outcome instanceof MemcacheError || outcome !== 'stored')
    throw new InvalidInputError(`not stored: ${String(outcome)}`)
}
