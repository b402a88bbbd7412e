import type { SessionData, Storage } from '@hono/session'
import type { Memcache } from 'memlane'
import { sessionStore } from 'memlane/session'

/** A storage for `useSessionStorage` of @hono/session. */
export function honoStorage(
  cache: Memcache,
  seconds = 86_400,
  onError: (error: unknown) => void = (error) => console.error('no session stored:', error),
): Storage<SessionData> {
  const sessions = sessionStore()(cache, { ttl: () => seconds })
  return {
    get: async (id) => (await sessions.get(id)) as SessionData | null,
    // The middleware does not wait for these two: a failure that is not caught here would end the process.
    set: (id, session) => {
      sessions.set(id, session).catch(onError)
    },
    delete: (id) => {
      sessions.destroy(id).catch(onError)
    },
  }
}
