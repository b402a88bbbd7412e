import { createHash } from 'node:crypto'
import { Connection, DatabaseDriver, MikroORM, EntitySchema as MikroSchema, Platform } from '@mikro-orm/core'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { drizzle, type PgRemoteDatabase } from 'drizzle-orm/pg-proxy'
import { DataSource, EntitySchema } from 'typeorm'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { prepareRecipe } from './support/recipe.ts'
import { targets } from './support/servers.ts'

interface User {
  readonly id: number
  readonly name: string
}

const LONG = 'x'.repeat(2_000_000)

describe.each(targets())('the recipe for TypeORM on $name', ({ start }) => {
  const typeorm = prepareRecipe<typeof import('./recipes/typeorm.ts')>('orms.md', 'typeorm.ts')
  const User = new EntitySchema<User>({
    name: 'user',
    columns: { id: { type: Number, primary: true }, name: { type: String } },
  })

  /** Opens a database of its own with one user. */
  async function openDatabase(address: string, name: string): Promise<DataSource> {
    const { recipe, open } = typeorm()
    const source = new DataSource({
      type: 'sqljs',
      synchronize: true,
      entities: [User],
      cache: recipe.queryCache(open(address)),
    })
    await source.initialize()
    onTestFinished(() => source.destroy())
    await source.getRepository(User).insert({ id: 1, name })
    return source
  }

  const readUser = (source: DataSource, cache: string | number): Promise<User | null> =>
    typeof cache === 'number'
      ? source.getRepository(User).findOne({ where: { id: 1 }, cache })
      : source.getRepository(User).findOne({ where: { id: 1 }, cache: { id: cache, milliseconds: 60_000 } })

  it('shares results between databases, by query and by identifier', async () => {
    await using server = await start()
    const [first, second] = [await openDatabase(server.address, 'Ada'), await openDatabase(server.address, 'Grace')]
    for (const cache of [60_000, 'first user']) {
      expect(await readUser(first, cache)).toEqual({ id: 1, name: 'Ada' })
      expect(await readUser(second, cache)).toEqual({ id: 1, name: 'Ada' })
    }
  })

  it('removes results by identifier, and all of them', async () => {
    await using server = await start()
    const source = await openDatabase(server.address, 'Ada')
    await readUser(source, 'first user')
    await readUser(source, 60_000)
    await source.getRepository(User).update(1, { name: 'Grace' })
    expect(await readUser(source, 'first user')).toMatchObject({ name: 'Ada' })
    await source.queryResultCache!.remove(['first user'])
    expect(await readUser(source, 'first user')).toMatchObject({ name: 'Grace' })
    expect(await readUser(source, 60_000)).toMatchObject({ name: 'Ada' })
    await source.queryResultCache!.clear()
    expect(await readUser(source, 60_000)).toMatchObject({ name: 'Grace' })
  })

  it('does without the cache where the server is gone, or a result is too large', async () => {
    await using server = await start()
    const source = await openDatabase(server.address, LONG)
    expect(await readUser(source, 60_000)).toMatchObject({ name: LONG })
    await source.getRepository(User).update(1, { name: 'Ada' })
    expect(await readUser(source, 60_000)).toMatchObject({ name: 'Ada' })
    await server[Symbol.asyncDispose]()
    await source.getRepository(User).update(1, { name: 'Grace' })
    expect(await readUser(source, 60_000)).toMatchObject({ name: 'Grace' })
  })

  it('leaves the client open when a DataSource ends', async () => {
    await using server = await start()
    const { recipe, open } = typeorm()
    const cache = open(server.address)
    const source = new DataSource({ type: 'sqljs', cache: recipe.queryCache(cache) })
    await source.initialize()
    await source.destroy()
    expect(await cache.set('key', 1)).toBe(true)
  })
})

describe.each(targets())('the recipe for Drizzle on $name', ({ start }) => {
  const recipes = prepareRecipe<typeof import('./recipes/drizzle.ts')>('orms.md', 'drizzle.ts')
  const users = pgTable('users', { id: integer('id'), name: text('name') })
  const orders = pgTable('orders', { id: integer('id') })

  /** A database that counts its queries. */
  interface Counted {
    readonly db: PgRemoteDatabase
    readonly failures: unknown[]
    readonly count: () => number
  }

  function openDatabase(cache: Memcache, strategy: 'all' | 'explicit' = 'all', name = 'Ada'): Counted {
    let queries = 0
    const failures: unknown[] = []
    const callback = async (): Promise<{ rows: unknown[] }> => {
      queries++
      return { rows: [[1, name]] }
    }
    const onError = (error: unknown): void => void failures.push(error)
    const db = drizzle(callback, { cache: new (recipes().recipe.MemlaneCache)(cache, { strategy, onError }) })
    return { db, failures, count: () => queries }
  }

  it('shares results until one of their tables changes', async () => {
    await using server = await start()
    const [one, other] = [0, 1].map(() => openDatabase(recipes().open(server.address))) as [Counted, Counted]
    expect(await one.db.select().from(users)).toEqual([{ id: 1, name: 'Ada' }])
    expect(await one.db.select().from(users)).toEqual([{ id: 1, name: 'Ada' }])
    expect(await other.db.select().from(users)).toEqual([{ id: 1, name: 'Ada' }])
    expect([one.count(), other.count()]).toEqual([1, 0])
    await one.db.insert(orders).values({ id: 1 })
    await one.db.select().from(users)
    expect(one.count()).toBe(2)
    await one.db.insert(users).values({ id: 2, name: 'Grace' })
    await one.db.select().from(users)
    expect(one.count()).toBe(4)
    const late = openDatabase(recipes().open(server.address))
    await late.db.select().from(users)
    expect([late.count(), one.failures, other.failures]).toEqual([0, [], []])
  })

  it('finds results by tag, which tables and tags invalidate', async () => {
    await using server = await start()
    const { db, count } = openDatabase(recipes().open(server.address), 'explicit')
    const read = (autoInvalidate: boolean): unknown =>
      db
        .select()
        .from(users)
        .$withCache({ tag: `all ${autoInvalidate}`.replace(' ', '-'), autoInvalidate })
    await db.select().from(users)
    await db.select().from(users)
    expect(count()).toBe(2)
    await read(true)
    await read(true)
    await read(false)
    await read(false)
    expect(count()).toBe(4)
    await db.$cache.invalidate({ tables: users })
    await read(false)
    expect(count()).toBe(4)
    await read(true)
    expect(count()).toBe(5)
    await db.$cache.invalidate({ tags: ['all-true', 'all-false'] })
    await read(true)
    await read(false)
    expect(count()).toBe(7)
  })

  it('keeps a result for the time that its query says, or that of the options', async () => {
    await using server = await start()
    const client = recipes().open(server.address)
    const cache = new (recipes().recipe.MemlaneCache)(client, { ttl: 600 })
    const item = `drizzle:${createHash('sha256').update(':query').digest('base64url')}`
    const end = Date.now() + 120_000
    const times = [
      [undefined, 600],
      [{ ex: 60 }, 60],
      [{ px: 59_500 }, 60],
      [{ pxat: end }, 120],
      [{ exat: Math.ceil(end / 1000) }, 121],
    ] as const
    for (const [config, seconds] of times) {
      await cache.put('query', [], [], false, config)
      const ttl = (await client.inspect(item))?.ttl
      expect(ttl).toBeLessThanOrEqual(seconds)
      expect(ttl).toBeGreaterThan(seconds / 2)
    }
  })

  it('does without the cache where the server is gone, or a result is too large', async () => {
    await using server = await start()
    const { db, count, failures } = openDatabase(recipes().open(server.address), 'all', LONG)
    await db.select().from(users)
    await db.select().from(users)
    expect([count(), failures.length]).toEqual([2, 2])
    await server[Symbol.asyncDispose]()
    expect(await db.select().from(users)).toHaveLength(1)
    await db.update(users).set({ name: 'Grace' })
    expect(count()).toBe(4)
    expect(failures.length).toBeGreaterThan(3)
  })
})

class RowPlatform extends Platform {}

class RowConnection extends Connection {
  connect(): void {}
  async isConnected(): Promise<boolean> {
    return true
  }
  async checkConnection(): Promise<{ ok: true }> {
    return { ok: true }
  }
  async execute(): Promise<never> {
    throw new Error('there is no SQL here')
  }
}

/** A driver of MikroORM with one row, which counts how often it is asked. */
class RowDriver extends DatabaseDriver<RowConnection> {
  static reads = 0
  static born: Date = new Date(0)
  protected override readonly platform: Platform = new RowPlatform()
  protected override readonly connection: RowConnection

  constructor(config: ConstructorParameters<typeof RowConnection>[0]) {
    super(config, [])
    this.connection = new RowConnection(config)
  }

  override async find(): Promise<never[]> {
    RowDriver.reads++
    return [{ id: 1, born: RowDriver.born } as never]
  }
  override async findOne(): Promise<never> {
    return (await this.find())[0]!
  }
  override async count(): Promise<number> {
    RowDriver.reads++
    return 1
  }
  override async nativeInsert(): Promise<never> {
    throw new Error('read-only')
  }
  override nativeInsertMany: () => Promise<never> = () => this.nativeInsert()
  override nativeUpdate: () => Promise<never> = () => this.nativeInsert()
  override nativeDelete: () => Promise<never> = () => this.nativeInsert()
  override async *stream(): AsyncIterableIterator<never> {}
}

describe.each(targets())('the recipe for MikroORM on $name', ({ start }) => {
  const recipes = prepareRecipe<typeof import('./recipes/mikro-orm.ts')>('orms.md', 'mikro-orm.ts')
  const Person = new MikroSchema<{ id: number; born: Date }>({
    name: 'Person',
    properties: { id: { type: 'number', primary: true }, born: { type: 'Date' } },
  })

  async function openOrm(cache: Memcache): Promise<MikroORM> {
    const orm = await MikroORM.init({
      driver: RowDriver,
      entities: [Person],
      dbName: 'rows',
      resultCache: recipes().recipe.resultCache(cache),
    })
    onTestFinished(() => orm.close())
    RowDriver.reads = 0
    return orm
  }

  const read = async (orm: MikroORM, cache: number | [string, number]): Promise<unknown> => {
    const [person] = await orm.em.fork().find(Person, {}, { cache })
    return person?.born
  }

  it('shares results, with their dates, until they are cleared', async () => {
    await using server = await start()
    const orms = [await openOrm(recipes().open(server.address)), await openOrm(recipes().open(server.address))] as const
    for (const orm of orms) expect(await read(orm, 60_000)).toEqual(RowDriver.born)
    for (const orm of orms) expect(await read(orm, ['people', 60_000])).toEqual(RowDriver.born)
    expect(RowDriver.reads).toBe(2)
    await orms[0].em.fork().clearCache('people')
    await read(orms[1], ['people', 60_000])
    expect(RowDriver.reads).toBe(3)
    expect(await orms[0].em.fork().count(Person, {}, { cache: 60_000 })).toBe(1)
    expect(await orms[1].em.fork().count(Person, {}, { cache: 60_000 })).toBe(1)
    expect(RowDriver.reads).toBe(4)
  })

  it('does without the cache where the server is gone', async () => {
    await using server = await start()
    const orm = await openOrm(recipes().open(server.address))
    await read(orm, 60_000)
    await server[Symbol.asyncDispose]()
    expect(await read(orm, 60_000)).toEqual(RowDriver.born)
    expect(RowDriver.reads).toBe(2)
    await expect(orm.em.fork().clearCache('people')).rejects.toThrow(/server|connect/i)
  })

  it('leaves the client open when the ORM ends', async () => {
    await using server = await start()
    const cache = recipes().open(server.address)
    const orm = await openOrm(cache)
    await orm.close()
    expect(await cache.set('key', 1)).toBe(true)
  })
})
