import type { SessionData, Store } from 'hono-sessions'
import { type Memcache, ttlFromMs } from 'memlane'

/** A session that counts as missing logs its user out: whatever the client's option `failures`, calls reject. */
const THROWS = { failures: 'throw' } as const

/** The option `store` of hono-sessions. `seconds` is for sessions without `expireAfterSeconds`. */
export function honoSessionsStore(cache: Memcache, seconds = 86_400): Store {
  const sessions = cache.namespace<SessionData>('sess:')
  const store = async (id: string, session: SessionData): Promise<void> => {
    const left = session._expire === null ? seconds * 1000 : Date.parse(session._expire) - Date.now()
    await sessions.set(id, session, { ...THROWS, ttl: ttlFromMs(left) })
  }
  return {
    getSessionById: async (id) => (id === undefined ? null : sessions.get(id, THROWS)),
    createSession: store,
    persistSessionData: store,
    deleteSession: async (id) => {
      await sessions.delete(id, THROWS)
    },
  }
}
