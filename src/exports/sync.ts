export type {
  ClearableSync,
  CommandPipelineSync,
  MemcacheSyncCommands,
  MetaClientSyncCommands,
  MetaPipelineSync,
  NamespaceNoreplySync,
  NamespaceSync,
  NextMetaPipelineSync,
  NextPipelineSync,
  NoreplyCommandsSync,
} from '../sync/generated/sync-commands.ts'
export type { MemcacheMapping } from '../sync/mapping.ts'
export { MemcacheSync } from '../sync/memcache-sync.ts'
export { MetaClientSync } from '../sync/meta-client-sync.ts'
export type { MemcacheSyncOptions } from '../sync/options.ts'
