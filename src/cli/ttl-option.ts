import type { ArgumentSpec, NumberOption } from './option-spec.ts'
import { readOptionValue } from './option-value.ts'

/** Option `--ttl`: the value is in milliseconds. See {@link ttlSeconds}. */
export const TTL_OPTION: { readonly ttl: NumberOption } = {
  ttl: {
    type: 'duration',
    placeholder: 'time',
    help: 'time to live: 90, 90s, 5m, 2h, 7d; 0 never expires (default: 0)',
  },
}

/** Argument `<ttl>`. See {@link readTtl}. */
export const TTL_ARGUMENT: ArgumentSpec = { help: 'time to live: 90, 90s, 5m, 2h, 7d; 0 never expires' }

/** Reads an argument `<ttl>`, in seconds; throws `UsageError`. */
export function readTtl(text: string): number {
  return ttlSeconds(Number(readOptionValue('<ttl>', TTL_OPTION.ttl, text)))
}

/** Returns a ttl in seconds, rounded up: rounding must not make an item immortal. */
export function ttlSeconds(ms: number): number {
  return Math.ceil(ms / 1000)
}
