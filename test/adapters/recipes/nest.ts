import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Module,
  type ModuleMetadata,
  type OnApplicationShutdown,
} from '@nestjs/common'
import { Memcache, type MemcacheOptions, type Servers } from 'memlane'

/** Servers and options of the client. */
export interface MemlaneSettings {
  readonly servers: Servers
  readonly options?: MemcacheOptions
}

/** Settings that other providers give. */
export type MemlaneAsyncSettings = Pick<ModuleMetadata, 'imports'> &
  Pick<FactoryProvider<MemlaneSettings>, 'inject' | 'useFactory'>

const SETTINGS = Symbol('memlane settings')

/** Provides one `Memcache` to all modules, and closes it after the application has served its last request. */
@Module({})
export class MemlaneModule implements OnApplicationShutdown {
  @Inject(Memcache) private readonly cache!: Memcache

  static forRoot(settings: MemlaneSettings): DynamicModule {
    return MemlaneModule.forRootAsync({ useFactory: () => settings })
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: MemlaneAsyncSettings): DynamicModule {
    return {
      module: MemlaneModule,
      global: true,
      imports,
      exports: [Memcache],
      providers: [
        { provide: SETTINGS, inject, useFactory },
        { provide: Memcache, inject: [SETTINGS], useFactory: createClient },
      ],
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.cache.close()
  }
}

function createClient({ servers, options }: MemlaneSettings): Memcache {
  return new Memcache(servers, options)
}
