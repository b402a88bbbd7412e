import { describe, expectTypeOf, it } from 'vitest'
import type { MemcacheError } from '../../src/errors.ts'
import {
  MetaClient,
  type MetaCounted,
  type MetaCountResult,
  type MetaFailure,
  type MetaGetResult,
  type MetaPipeline,
  type MetaQuietCountResult,
  type MetaStoreResult,
} from '../../src/exports/meta.ts'

const meta = new MetaClient('localhost:11211')

/** None of these is ever called: the compiler is the test. */
const calls = {
  plain: () => meta.get<string>('k', { returnCas: true }),
  unknown: () => meta.get('k'),
  none: () => meta.get('k', { value: false, returnTtl: true }),
  vivify: () => meta.get<string>('k', { vivify: 5, recache: 1 }),
  unlessCas: () => meta.gat<string>('k', 5, { unlessCas: 5n }),

  loud: () => meta.pipeline().get<string>('k').set('k', 1).incr('k').run(),
  quiet: () => meta.pipeline({ quiet: true }).decr('k').run(),
  filled: (keys: readonly string[]) => {
    const pipeline: MetaPipeline<true, MetaStoreResult[]> = meta.pipeline({ quiet: true })
    for (const key of keys) pipeline.set(key, 1)
    return pipeline.run()
  },

  readResult: (result: MetaGetResult<number>) => {
    if (result.status === 'hit') {
      expectTypeOf(result.value).toEqualTypeOf<number>()
      expectTypeOf(result.ttl).toEqualTypeOf<number | undefined>()
      expectTypeOf(result.won).toEqualTypeOf<boolean>()
    } else {
      expectTypeOf(result.status).toEqualTypeOf<'miss'>()
      expectTypeOf(result).not.toHaveProperty('value')
    }
  },
  readCount: (result: MetaCountResult) => {
    if (result.status === 'hit') expectTypeOf(result).toEqualTypeOf<MetaCounted>()
    else expectTypeOf(result.status).toEqualTypeOf<'notFound' | 'notStored' | 'exists'>()
  },

  refused: () => [
    // @ts-expect-error -- add compares nothing
    meta.add('k', 1, { compareCas: 1n }),
    // @ts-expect-error -- gat has its ttl as an argument
    meta.gat('k', 5, { touch: 5 }),
    // @ts-expect-error -- append takes text or bytes
    meta.append('k', {}),
    // @ts-expect-error -- dropping the value is an invalidation
    meta.delete('k', { dropValue: true }),
    // @ts-expect-error -- cas numbers are bigints
    meta.cas('k', 1, 5),
    // @ts-expect-error -- the time of a pipeline is run's
    meta.pipeline().get('k', { timeoutMs: 5 }),
    // @ts-expect-error -- not a meta command
    meta.execute({ command: 'set', key: 'k' }),
  ],
}

describe('the types of MetaClient', () => {
  it('tell results apart by status', () => {
    expectTypeOf(calls.readResult).parameter(0).toEqualTypeOf<MetaGetResult<number>>()
    expectTypeOf(calls.readCount).parameter(0).toEqualTypeOf<MetaCountResult>()
  })

  it('say where a hit may be without a value', () => {
    expectTypeOf(calls.plain).returns.resolves.toEqualTypeOf<MetaGetResult<string>>()
    expectTypeOf(calls.unknown).returns.resolves.toEqualTypeOf<MetaGetResult>()
    expectTypeOf(calls.none).returns.resolves.toEqualTypeOf<MetaGetResult<undefined>>()
    expectTypeOf(calls.vivify).returns.resolves.toEqualTypeOf<MetaGetResult<string | undefined>>()
    expectTypeOf(calls.unlessCas).returns.resolves.toEqualTypeOf<MetaGetResult<string | undefined>>()
  })

  it('know the outcomes of a pipeline one by one', () => {
    expectTypeOf(calls.loud).returns.resolves.toEqualTypeOf<
      readonly [MetaGetResult<string> | MetaFailure, MetaStoreResult | MetaFailure, MetaCountResult | MetaFailure]
    >()
    expectTypeOf(calls.quiet).returns.resolves.toEqualTypeOf<readonly [MetaQuietCountResult | MetaFailure]>()
    expectTypeOf<MetaFailure['error']>().toEqualTypeOf<MemcacheError>()
  })

  it('let a loop fill a pipeline', () => {
    expectTypeOf(calls.filled).returns.resolves.toEqualTypeOf<readonly (MetaStoreResult | MetaFailure)[]>()
  })

  it('refuse what a command does not have', () => {
    expectTypeOf(calls.refused).toBeFunction()
  })
})
