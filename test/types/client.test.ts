import { describe, expectTypeOf, it } from 'vitest'
import {
  type Clearable,
  type CommandPipeline,
  type Key,
  Memcache,
  type Namespace,
  type PipelineOutcome,
  type SetsResult,
  type StandardSchema,
  type ValueWithCas,
} from '../../src/exports/index.ts'
import type { MemcacheSync } from '../../src/exports/sync.ts'

interface User {
  readonly name: string
}

const cache = new Memcache('localhost:11211')
const bytes = Uint8Array.of(1)
declare const user: User
declare const syncCache: MemcacheSync
declare function findUser(id: string): Promise<User>
declare const userSchema: StandardSchema<User>
declare const dateSchema: StandardSchema<string, Date>

/** None of these is ever called: the compiler is the test. */
const calls = {
  get: () => cache.get<User>('k'),
  getUnknown: () => cache.get('k'),
  getDefault: () => cache.get<User, null>('k', { default: null }),
  getOwnDefault: () => cache.get<number>('k', { default: 0 }),
  getNullDefault: () => cache.get<User>('k', { default: null }),
  getUnknownDefault: () => cache.get('k', { default: 0 }),
  gatOwnDefault: () => cache.gat<number>('k', 5, { default: 0 }),
  pipelineDefault: () =>
    cache.pipeline().get<string>('a', { default: 'x' }).gat<User>('b', 5).get<User>('c', { default: null }).run(),
  gatDefault: () => cache.gat<User, string>('k', 5, { default: 'none' }),
  gets: () => cache.gets<User>('k'),
  getsNullDefault: () => cache.gets<User>('k', { default: null }),
  getsOwnDefault: () => cache.gets<User, string>('k', { default: 'none' }),
  getsUnknownDefault: () => cache.gets('k', { default: 0 }),
  gatsNullDefault: () => cache.gats<User>('k', 5, { default: null }),
  getsInPipeline: () => cache.pipeline().gets<User>('a', { default: null }).gats<User>('b', 5).run(),
  getsInNamespace: () => cache.namespace<User>('user:').gets('k', { default: 'none' }),
  getsSync: () => syncCache.gets<User>('k', { default: null }),
  updateKeep: () => cache.update<number>('k', (value = 0) => value + 1, { ttl: 'keep' }),
  sets: () => cache.sets('k', 1, { ttl: 5 }),
  setsInPipeline: () => cache.pipeline().sets('k', 1).run(),
  filledInLoop: (keys: string[]) => {
    const pipeline = cache.pipeline()
    for (const key of keys) pipeline.get<User>(key)
    return pipeline.run()
  },
  filledInLoopWithType: (keys: string[]) => {
    const pipeline: CommandPipeline<PipelineOutcome<User | undefined>[]> = cache.pipeline()
    for (const key of keys) pipeline.get<User>(key)
    return pipeline.run()
  },
  popAttempts: () => cache.pop<User>('k', { attempts: 2 }),
  popOwnDefault: () => cache.pop<number>('k', { default: 0, attempts: 2 }),
  popNullDefault: () => cache.pop<User>('k', { default: null }),
  popOtherDefault: () => cache.pop<User, string>('k', { default: 'none' }),
  popInNamespace: () => cache.namespace<User>('user:').pop('k', { default: 'none' }),
  popSync: () => syncCache.pop<User>('k', { default: null }),
  noreplyFlush: () => cache.noreply.flushAll({ delay: 5 }),
  textKeys: () => cache.getMany<User>(['a', 'b']),
  anyKeys: () => cache.getMany<User>(['a', bytes]),
  setMany: () => cache.setMany([['a', 1] as const]),
  setRecord: () => cache.setMany({ a: 1 }),
  incr: () => cache.incr('k'),
  incrBig: () => cache.incr('k', 1n),
  incrInitial: () => cache.incr('k', 1, { initial: 0 }),
  incrMany: () => cache.incrMany(['k'], 1n),
  noreply: () => cache.noreply.set('k', 1),
  noreplyMany: () => cache.noreply.setMany({ k: 1 }),

  getOrSet: () => cache.getOrSet('k', () => user),
  getOrSetAsync: () => cache.getOrSet('k', async () => (Math.random() < 1 ? user : null)),
  getOrSetStale: () => cache.getOrSet<User>('k', ({ stale }) => stale ?? user, { ttl: (value) => value.name.length }),
  getOrSetKey: () => cache.getOrSet('k', ({ key }) => findUser(String(key))),
  getOrSetSignal: () => cache.getOrSet('k', async ({ signal }) => (signal.aborted ? null : findUser('k'))),
  getOrSetTtl: () => cache.getOrSet('k', ({ key }) => findUser(String(key)), { ttl: (value) => value.name.length }),
  getOrSetVariable: () =>
    cache.getOrSet<User>('k', async ({ stale }) => {
      let next = stale
      next ??= await findUser('k')
      expectTypeOf(stale).toEqualTypeOf<User | undefined>()
      return next
    }),
  getOrSetSync: () =>
    syncCache.getOrSet('k', ({ key }) => ({ name: String(key) }), { ttl: (value) => value.name.length }),
  getOrSetManySignal: () =>
    cache.getOrSetMany(['a'], (keys, { signal }) => new Map(keys.map((key) => [key, signal.aborted])), {
      ttl: (value) => (value ? 1 : 2),
    }),
  getOrSetMany: () => cache.getOrSetMany(['a', 'b'], (keys) => new Map(keys.map((key) => [key, user]))),
  getOrSetManyBytes: () => cache.getOrSetMany([bytes], (keys) => new Map(keys.map((key) => [key, 5]))),
  update: () => cache.update<number>('k', (n = 0) => n + 1),
  updateMaybe: () => cache.update<number>('k', (n) => (n === undefined ? undefined : n + 1)),
  invalidate: () => cache.invalidate('k', { staleFor: 5 }),

  users: () => cache.namespace<User>('user:', { ttl: 5 }),
  usersBySchema: () => cache.namespace('user:', { schema: userSchema }),
  dates: () => cache.namespace('date:', { schema: dateSchema }),
  generations: () => cache.namespace<User>('user:', { generations: true }),
  generationsBySchema: () => cache.namespace('user:', { schema: userSchema, generations: { refreshMs: 5 } }),
  plain: () => cache.namespace('any:'),
}

type Result<Name extends keyof typeof calls> = Awaited<ReturnType<(typeof calls)[Name]>>

describe('the types of a client', () => {
  it('follow from the call', () => {
    expectTypeOf<Result<'get'>>().toEqualTypeOf<User | undefined>()
    expectTypeOf<Result<'getUnknown'>>().toEqualTypeOf<unknown>()
    expectTypeOf<Result<'getDefault'>>().toEqualTypeOf<User | null>()
    expectTypeOf<Result<'getOwnDefault'>>().toEqualTypeOf<number>()
    expectTypeOf<Result<'getNullDefault'>>().toEqualTypeOf<User | null>()
    expectTypeOf<Result<'getUnknownDefault'>>().toEqualTypeOf<unknown>()
    expectTypeOf<Result<'gatOwnDefault'>>().toEqualTypeOf<number>()
    expectTypeOf<Result<'pipelineDefault'>[0]>().toEqualTypeOf<PipelineOutcome<string>>()
    expectTypeOf<Result<'filledInLoop'>>().toEqualTypeOf<readonly PipelineOutcome<unknown>[]>()
    expectTypeOf<Result<'filledInLoopWithType'>>().toEqualTypeOf<PipelineOutcome<User | undefined>[]>()
    expectTypeOf<Result<'pipelineDefault'>[1]>().toEqualTypeOf<PipelineOutcome<User | undefined>>()
    expectTypeOf<Result<'pipelineDefault'>[2]>().toEqualTypeOf<PipelineOutcome<User | null>>()
    expectTypeOf<Result<'gatDefault'>>().toEqualTypeOf<User | string>()
    expectTypeOf<Result<'gets'>>().toEqualTypeOf<ValueWithCas<User> | undefined>()
    expectTypeOf<Result<'getsNullDefault'>>().toEqualTypeOf<ValueWithCas<User> | null>()
    expectTypeOf<Result<'getsOwnDefault'>>().toEqualTypeOf<ValueWithCas<User> | string>()
    expectTypeOf<Result<'getsUnknownDefault'>>().toEqualTypeOf<ValueWithCas<unknown> | number>()
    expectTypeOf<Result<'gatsNullDefault'>>().toEqualTypeOf<ValueWithCas<User> | null>()
    expectTypeOf<Result<'getsInPipeline'>[0]>().toEqualTypeOf<PipelineOutcome<ValueWithCas<User> | null>>()
    expectTypeOf<Result<'getsInPipeline'>[1]>().toEqualTypeOf<PipelineOutcome<ValueWithCas<User> | undefined>>()
    expectTypeOf<Result<'getsInNamespace'>>().toEqualTypeOf<ValueWithCas<User> | string>()
    expectTypeOf<Result<'getsSync'>>().toEqualTypeOf<ValueWithCas<User> | null>()
    expectTypeOf<Result<'updateKeep'>>().toEqualTypeOf<number>()
    expectTypeOf<Result<'sets'>>().toEqualTypeOf<SetsResult>()
    expectTypeOf<Result<'setsInPipeline'>>().toEqualTypeOf<[PipelineOutcome<SetsResult>]>()
    expectTypeOf<Result<'popAttempts'>>().toEqualTypeOf<User | undefined>()
    expectTypeOf<Result<'popOwnDefault'>>().toEqualTypeOf<number>()
    expectTypeOf<Result<'popNullDefault'>>().toEqualTypeOf<User | null>()
    expectTypeOf<Result<'popOtherDefault'>>().toEqualTypeOf<User | string>()
    expectTypeOf<Result<'popInNamespace'>>().toEqualTypeOf<User | string>()
    expectTypeOf<ReturnType<(typeof calls)['popSync']>>().toEqualTypeOf<User | null>()
    expectTypeOf<Result<'textKeys'>>().toEqualTypeOf<Map<string, User>>()
    expectTypeOf<Result<'anyKeys'>>().toEqualTypeOf<Map<Key, User>>()
    expectTypeOf<Result<'setMany'>>().toEqualTypeOf<'a'[]>()
    expectTypeOf<Result<'setRecord'>>().toEqualTypeOf<string[]>()
  })

  it('count in the type of the delta', () => {
    expectTypeOf<Result<'incr'>>().toEqualTypeOf<number | undefined>()
    expectTypeOf<Result<'incrBig'>>().toEqualTypeOf<bigint | undefined>()
    expectTypeOf<Result<'incrInitial'>>().toEqualTypeOf<number>()
    expectTypeOf<Result<'incrMany'>>().toEqualTypeOf<Map<string, bigint>>()
  })

  it('give nothing for quiet writes', () => {
    expectTypeOf(calls.noreply).returns.toEqualTypeOf<Promise<void>>()
    expectTypeOf(calls.noreplyFlush).returns.toEqualTypeOf<Promise<void>>()
    expectTypeOf(calls.noreplyMany).returns.toEqualTypeOf<Promise<void>>()
  })

  it('take what getOrSet gives from its loader', () => {
    expectTypeOf<Result<'getOrSet'>>().toEqualTypeOf<User>()
    expectTypeOf<Result<'getOrSetAsync'>>().toEqualTypeOf<User | null>()
    expectTypeOf<Result<'getOrSetKey'>>().toEqualTypeOf<User>()
    expectTypeOf<Result<'getOrSetSignal'>>().toEqualTypeOf<User | null>()
    expectTypeOf<Result<'getOrSetTtl'>>().toEqualTypeOf<User>()
    expectTypeOf<Result<'getOrSetVariable'>>().toEqualTypeOf<User>()
    expectTypeOf<Result<'getOrSetSync'>>().toEqualTypeOf<{ name: string }>()
    expectTypeOf<Result<'getOrSetManySignal'>>().toEqualTypeOf<Map<string, boolean>>()
    expectTypeOf<Result<'getOrSetStale'>>().toEqualTypeOf<User>()
    expectTypeOf<Result<'getOrSetMany'>>().toEqualTypeOf<Map<string, User>>()
    expectTypeOf<Result<'getOrSetManyBytes'>>().toEqualTypeOf<Map<Key, number>>()
    expectTypeOf<Result<'update'>>().toEqualTypeOf<number>()
    expectTypeOf<Result<'updateMaybe'>>().toEqualTypeOf<number | undefined>()
    expectTypeOf<Result<'invalidate'>>().toEqualTypeOf<boolean>()
    // @ts-expect-error the time is not left to chance
    void (() => cache.invalidate('k'))
    // @ts-expect-error text is no list of keys
    void (() => cache.getMany('text'))
    // @ts-expect-error nor in a namespace
    void (() => calls.users().deleteMany('text'))
    // @ts-expect-error nor for a synchronous client
    void (() => syncCache.getOrSetMany('text', () => new Map()))
  })
})

describe('the types of a namespace', () => {
  it('come from its type or its schema', () => {
    expectTypeOf<Result<'users'>>().toEqualTypeOf<Namespace<User>>()
    expectTypeOf<Result<'usersBySchema'>>().toEqualTypeOf<Namespace<User>>()
    expectTypeOf<Result<'dates'>>().toEqualTypeOf<Namespace<Date, string>>()
    expectTypeOf<Result<'plain'>>().toEqualTypeOf<Namespace>()
    type Users = Result<'users'>
    const get = (users: Users) => users.get('1')
    expectTypeOf<Awaited<ReturnType<typeof get>>>().toEqualTypeOf<User | undefined>()
    const withDefault = (users: Users) => users.get('1', { default: null })
    expectTypeOf<Awaited<ReturnType<typeof withDefault>>>().toEqualTypeOf<User | null>()
    const getMany = (users: Users) => users.getMany(['1'])
    expectTypeOf<Awaited<ReturnType<typeof getMany>>>().toEqualTypeOf<Map<string, User>>()
    const getDates = (dates: Result<'dates'>) => dates.getOrSet('1', () => '2026-01-01')
    expectTypeOf<Awaited<ReturnType<typeof getDates>>>().toEqualTypeOf<Date>()
  })

  it('refuse values of another type', () => {
    // @ts-expect-error a number is no user
    void (() => calls.users().set('1', 5))
    // @ts-expect-error nor is one of many
    void (() => calls.users().setMany({ 1: 5 }))
    // @ts-expect-error nor is what a loader gives
    void (() => calls.users().getOrSet('1', () => 5))
    // @ts-expect-error nor the next value
    void (() => calls.users().update('1', () => 5))
    // @ts-expect-error quietly neither
    void (() => calls.users().noreply.set('1', 5))
    // @ts-expect-error a schema's input is what is stored
    void (() => calls.dates().set('1', new Date()))
  })

  it('know clear only with generations', () => {
    expectTypeOf<Result<'generations'>>().toEqualTypeOf<Namespace<User> & Clearable>()
    expectTypeOf<Result<'generationsBySchema'>>().toEqualTypeOf<Namespace<User> & Clearable>()
    // @ts-expect-error there is nothing that could be changed to clear it
    void (() => calls.users().clear())
    // @ts-expect-error nor with a schema
    void (() => calls.usersBySchema().clear())
  })
})
