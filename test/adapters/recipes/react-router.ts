import { randomBytes } from 'node:crypto'
import { type Memcache, ttlFromMs } from 'memlane'
import { createSessionStorage, type SessionIdStorageStrategy, type SessionStorage } from 'react-router'

/** A session that counts as missing logs its user out: whatever the client's option `failures`, calls reject. */
const THROWS = { failures: 'throw' } as const
const DAY_MS = 86_400_000

/** Keeps sessions of React Router. `cookie` needs `secrets`: an id that is not signed could be anything. */
export function memlaneSessionStorage(cache: Memcache, cookie: SessionIdStorageStrategy['cookie']): SessionStorage {
  const sessions = cache.namespace<Record<string, unknown>>('sess:')
  return createSessionStorage({
    ...(cookie && { cookie }),
    createData: async (data, expires) => {
      const id = randomBytes(16).toString('base64url')
      const isNew = await sessions.add(id, data, { ...THROWS, ttl: ttlUntil(expires) })
      if (!isNew) throw new Error('the id of a new session is taken')
      return id
    },
    readData: async (id) => (await sessions.get(id, THROWS)) ?? null,
    updateData: async (id, data, expires) => {
      await sessions.set(id, data, { ...THROWS, ttl: ttlUntil(expires) })
    },
    deleteData: async (id) => {
      await sessions.delete(id, THROWS)
    },
  })
}

/** A cookie that ends with the browser has no `expires`. */
function ttlUntil(expires: Date | undefined): number {
  return ttlFromMs(expires === undefined ? DAY_MS : expires.getTime() - Date.now())
}
