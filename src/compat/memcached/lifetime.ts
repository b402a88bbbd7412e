import { hasPassed, MAX_RELATIVE_SECONDS, type Ttl } from '../../ttl.ts'

/**
 * Returns the ttl for a lifetime of the package: whole seconds, a part of a second counting as one, and a unix time beyond 30
 * days, as the server takes it. `undefined`: the item has expired already.
 */
export function ttlOf(lifetime: number): Ttl | undefined {
  if (lifetime < 0) return undefined
  const seconds = lifetime > 0 && lifetime < 1 ? 1 : Math.floor(lifetime)
  if (seconds <= MAX_RELATIVE_SECONDS) return seconds
  const time = new Date(seconds * 1000)
  return hasPassed(time, Date.now()) ? undefined : time
}
