import { setTimeout as sleep } from 'node:timers/promises'
import type { Memcache } from '../../client/memcache.ts'
import { UnknownCommandError } from '../../errors.ts'
import type { WatchEvent } from '../../keys/watch-line.ts'
import { type WatchStream, watchServers } from '../../keys/watch-server.ts'

/** Handlers of a command for the events of servers. */
export interface Follower {
  /**
   * Called with the events of a server as they come, hardly in order; the first time without any, when it has agreed. The next ones
   * wait for the promise.
   */
  onEvents(server: string, events: readonly WatchEvent[]): Promise<void> | undefined
  /** Called when a server fails, or ends its stream; it is asked again after a pause, unless it refuses. */
  onFailure(server: string, error: unknown): void
}

/** Which events, and until when. */
export interface FollowOptions {
  readonly topics: readonly string[]
  /** Time until a server has agreed, in milliseconds. */
  readonly timeoutMs: number
  /** Ends it, without an error. */
  readonly signal: AbortSignal
}

/** Pause before a server is asked again, in milliseconds. */
const PAUSE_MS = 1000

/** Watches all servers until the signal aborts. Resolves sooner where every server refuses. */
export async function followServers(client: Memcache, options: FollowOptions, follower: Follower): Promise<void> {
  const streams = await watchServers(client, options)
  await Promise.all(streams.map(({ server }, at) => followServer(client, { server, at }, options, follower)))
}

async function followServer(
  client: Memcache,
  { server, at }: { readonly server: string; readonly at: number },
  options: FollowOptions,
  follower: Follower,
): Promise<void> {
  while (!options.signal.aborted) {
    // A stream is begun by the first look at its events: those of the other servers are not.
    const stream = (await watchServers(client, options))[at]
    const error = stream === undefined ? undefined : await drain(stream, follower)
    if (options.signal.aborted) return
    follower.onFailure(server, error)
    if (stream === undefined || error instanceof UnknownCommandError) return
    await sleep(PAUSE_MS, undefined, { signal: options.signal }).catch(() => undefined)
  }
}

/** Reads a stream to its end. Gives why it failed; undefined where the server has closed. */
async function drain({ server, events }: WatchStream, follower: Follower): Promise<unknown> {
  try {
    for await (const piece of events) {
      const full = follower.onEvents(server, piece)
      if (full !== undefined) await full
    }
    return undefined
  } catch (error) {
    return error
  }
}
