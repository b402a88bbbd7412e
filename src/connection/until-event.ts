import { once } from 'node:events'
import type { Socket } from 'node:net'

/** Waits for an event of a socket; rejects with the socket's error, or when the socket closes without one. */
export async function untilEvent(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  const done = new AbortController()
  const closed = once(socket, 'close', { signal: done.signal }).then(() => {
    throw new Error('the connection was closed')
  })
  try {
    await Promise.race([once(socket, event, { signal: done.signal }), closed])
  } finally {
    closed.catch(() => undefined)
    done.abort()
  }
}
