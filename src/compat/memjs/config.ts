import { Buffer } from 'node:buffer'
import type { MemcacheOptions } from '../../client/options.ts'
import { InvalidInputError } from '../../errors.ts'
import type { Distribution } from '../../routing/distribution.ts'
import type { HashInput } from '../../routing/hash/hash-function.ts'
import { memjs } from '../../serde/memjs.ts'
import type { Serde } from '../../serde/serde.ts'
import { showValue } from '../../show-value.ts'
import type { ClientOptions, MemjsAny, Serializer, ServerOptions } from './api.ts'

/** The options of the package, and their defaults. */
export const DEFAULTS: ClientOptions<MemjsAny, MemjsAny> = {
  failoverTime: 60,
  retries: 2,
  retry_delay: 0.2,
  expires: 0,
  logger: console,
}

/** Stores text and bytes as they are. */
export const PLAIN: Serializer<MemjsAny, MemjsAny> = {
  serialize: (_opcode, value, extras) => ({ value, extras }),
  deserialize: (_opcode, value, extras) => ({ value, extras }),
}

/** The package has no limits: so many commands and bytes that they never wait together. */
const NO_LIMIT = 2 ** 30

/** Longest pause between two probes of a server that is down, whatever `failoverTime` says, in seconds. */
const MAX_PROBE = 60

/** Reads what the package reads. Its counters have the client flags 0, as all of its values. */
const SERDE: Serde = Object.freeze({ ...memjs(), counterFlags: 0 })

/** Returns the options of the client behind for those of the package. */
export function clientOptions(
  options: ClientOptions<MemjsAny, MemjsAny>,
  server: ServerOptions,
  getServer: (key: string) => unknown,
): MemcacheOptions {
  const { retries, retry_delay: pause, failover, failoverTime } = options
  const probeMs = milliseconds(Math.min(Number(failoverTime) || MAX_PROBE, MAX_PROBE)) ?? 1
  return {
    serde: SERDE,
    timeoutMs: milliseconds(server.timeout) ?? 500,
    connectTimeoutMs: milliseconds(server.conntimeout) ?? 1000,
    ...(server.keepAlive ? { keepAlive: { idleMs: milliseconds(server.keepAliveDelay) ?? 30_000 } } : {}),
    maxPending: NO_LIMIT,
    maxPendingBytes: NO_LIMIT,
    retry: { attempts: Math.max(1, Math.floor(Number(retries)) || 1), delayMs: milliseconds(pause) ?? 0 },
    cluster: {
      distribution: distributionOf(getServer),
      ...(failover
        ? { failover: 'next', retryTimeoutMs: Math.min(1000, probeMs), deadTimeoutMs: probeMs }
        : { failover: 'none' }),
    },
  }
}

/** Returns seconds in milliseconds; undefined for what is not above 0. */
function milliseconds(seconds: unknown): number | undefined {
  const ms = Math.round(Number(seconds) * 1000)
  return ms > 0 ? ms : undefined
}

/** The servers by what `getServer` of the client says at each call: programs put functions of their own in its place. */
function distributionOf(getServer: (key: string) => unknown): Distribution {
  return ({ length }) => {
    const pick = (key: HashInput): number => {
      const text = typeof key === 'string' ? key : Buffer.from(key).toString()
      return indexOf(getServer(text), length)
    }
    return {
      pick,
      *order(key) {
        const first = pick(key)
        for (let step = 0; step < length; step++) yield (first + step) % length
      },
    }
  }
}

function indexOf(given: unknown, count: number): number {
  const index = Number(given)
  if (Number.isInteger(index) && index >= 0 && index < count) return index
  throw new InvalidInputError(`getServer must return the index of a server, 0 to ${count - 1}, got ${showValue(given)}`)
}
