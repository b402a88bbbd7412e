export type { AdapterOptions, CacheOrServers } from '../adapters/host-client.ts'
export {
  KeyvMemlane,
  type KeyvMemlaneCapabilities,
  type KeyvMemlaneEntry,
  type KeyvMemlaneEvents,
  type KeyvMemlaneOptions,
} from '../adapters/keyv.ts'
