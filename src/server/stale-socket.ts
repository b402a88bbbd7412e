import { lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'

/**
 * Removes a unix socket left by a killed process, as memcached does at its start. Resolves with false, and removes
 * nothing, if the path is no socket or if a server listens there.
 */
export async function removeStaleSocket(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats?.isSocket() !== true || (await isListened(path))) return false
  await unlink(path)
  return true
}

function isListened(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // Any other refusal, such as a missing permission, may hide a server.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'))
  })
}
