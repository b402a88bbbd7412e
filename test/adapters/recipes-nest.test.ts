import { CACHE_MANAGER } from '@nestjs/cache-manager'
import { type DynamicModule, type INestApplication, Module, type Provider } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { Cache } from 'cache-manager'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { type InstalledRecipe, prepareRecipe } from './support/recipe.ts'
import { targets } from './support/servers.ts'

const SERVERS = 'servers'
const VISITS = 'visits'

/** Starts an application of these modules. */
async function startNest(imports: DynamicModule[], providers: Provider[] = []): Promise<INestApplication> {
  class AppModule {
    readonly name: string = 'app'
  }
  Module({ imports, providers })(AppModule)
  const app = await NestFactory.create(AppModule, { logger: false })
  onTestFinished(() => app.close())
  return app
}

describe.each(targets())('the module for Nest on $name', ({ start }) => {
  const nest = prepareRecipe<typeof import('./recipes/nest.ts')>('nest.md', 'nest.ts')

  /** A provider that is given the client by its class, and counts in the cache. */
  const visits = (): Provider => ({
    provide: VISITS,
    inject: [nest().memlane.Memcache],
    useFactory: (cache: Memcache) => () => cache.incr('visits', 1, { initial: 1 }),
  })

  it('gives every provider one client, and closes it with the application', async () => {
    await using server = await start()
    const app = await startNest([nest().recipe.MemlaneModule.forRoot({ servers: server.address })], [visits()])
    await app.listen(0, '127.0.0.1')
    const visit = app.get<() => Promise<number>>(VISITS)
    expect([await visit(), await visit()]).toEqual([1, 2])
    const cache = app.get<Memcache>(nest().memlane.Memcache, { strict: false })
    expect(await cache.get('visits')).toBe(2)
    await app.close()
    await expect(cache.get('visits')).rejects.toMatchObject({ code: 'MEMLANE_CLOSED' })
  })

  it('takes settings from other providers', async () => {
    await using server = await start()
    class SettingsModule {
      readonly name: string = 'settings'
    }
    const settings: DynamicModule = {
      module: SettingsModule,
      providers: [{ provide: SERVERS, useValue: server.address }],
      exports: [SERVERS],
    }
    const memlane = nest().recipe.MemlaneModule.forRootAsync({
      imports: [settings],
      inject: [SERVERS],
      useFactory: async (servers: string) => ({ servers, options: { keyPrefix: 'shop:' } }),
    })
    const app = await startNest([memlane], [visits()])
    expect(await app.get<() => Promise<number>>(VISITS)()).toBe(1)
    expect(await nest().open(server.address).get('shop:visits')).toBe(1)
  })

  it('starts and ends where memcached is gone', async () => {
    const server = await start()
    await server[Symbol.asyncDispose]()
    const settings = { servers: server.address, options: { failures: 'miss' } } as const
    const app = await startNest([nest().recipe.MemlaneModule.forRoot(settings)], [visits()])
    await app.listen(0, '127.0.0.1')
    expect(await app.get<() => Promise<number | undefined>>(VISITS)()).toBeUndefined()
    await app.close()
  })
})

/** Starts an application with a client and the CacheModule, and returns its cache. */
async function openManager(
  { recipe, memlane, open }: InstalledRecipe<typeof import('./recipes/nest-cache.ts')>,
  address: string,
) {
  class ClientModule {
    readonly name: string = 'client'
  }
  const client: DynamicModule = {
    module: ClientModule,
    global: true,
    providers: [{ provide: memlane.Memcache, useValue: open(address) }],
    exports: [memlane.Memcache],
  }
  const app = await startNest([client, recipe.cacheModule()])
  return app.get<Cache>(CACHE_MANAGER, { strict: false })
}

describe.each(targets())('the CacheModule of Nest on $name', ({ start }) => {
  const recipes = prepareRecipe<typeof import('./recipes/nest-cache.ts')>('nest.md', 'nest-cache.ts')

  it('shares values between applications until they are cleared', async () => {
    await using server = await start()
    const managers = [
      await openManager(recipes(), server.address),
      await openManager(recipes(), server.address),
    ] as const
    await managers[0].set('user', { name: 'Ada' })
    expect(await managers[1].get('user')).toEqual({ name: 'Ada' })
    await managers[0].clear()
    expect(await managers[0].get('user')).toBeUndefined()
  })

  it('misses where memcached is gone, and says so', async () => {
    const said = vi.spyOn(console, 'error').mockReturnValue(undefined)
    onTestFinished(() => said.mockRestore())
    await using server = await start()
    const manager = await openManager(recipes(), server.address)
    await manager.set('user', { name: 'Ada' })
    await server[Symbol.asyncDispose]()
    expect(await manager.get('user')).toBeUndefined()
    expect(said).toHaveBeenCalledWith('no cache:', expect.any(String))
  })
})
