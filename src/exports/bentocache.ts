export {
  type BentocacheDriver,
  type BentocacheLayer,
  type BentocacheOptions,
  bentocacheDriver,
  bentocacheDriver as default,
} from '../adapters/bentocache.ts'
export type { AdapterOptions, CacheOrServers } from '../adapters/host-client.ts'
