export type { AdapterOptions, CacheOrServers } from '../adapters/host-client.ts'
export {
  type CreateSessionStore,
  type MemlaneSessionStore,
  type SessionCallback,
  type SessionHost,
  type SessionStoreOptions,
  sessionStore,
} from '../adapters/session.ts'
export type { SessionData, SessionSerializer } from '../adapters/sessions.ts'
