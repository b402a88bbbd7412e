import { CacheModule } from '@nestjs/cache-manager'
import type { DynamicModule } from '@nestjs/common'
import { Keyv } from 'keyv'
import { Memcache } from 'memlane'
import { KeyvMemlane } from 'memlane/keyv'

/** The CacheModule of Nest over the client of the `MemlaneModule`. */
export function cacheModule(): DynamicModule {
  return CacheModule.registerAsync({
    isGlobal: true,
    inject: [Memcache],
    useFactory: (client: Memcache) => {
      const keyv = new Keyv({ store: new KeyvMemlane(client), namespace: 'nest' })
      keyv.on('error', (error) => console.error('no cache:', error.message))
      return { stores: [keyv], ttl: 60_000 }
    },
  })
}
