import { mixBits } from './hash/murmur3.ts'

/** Odd constant, 2³² divided by the golden ratio: without it 0 would be mixed to 0 for ever. */
const STEP = 0x9e3779b9

/**
 * Yields the key's server, then all others in an order shuffled by the key's hash: the keys of a server that is down
 * spread evenly over the rest. For distributions whose foreign model has no failover order of its own.
 */
export function* spreadOrder(first: number, count: number, hash: number): Generator<number, void, undefined> {
  yield first
  const rest = Array.from({ length: count }, (_, index) => index)
  rest[first] = rest[count - 1]!
  let state = hash
  for (let left = count - 1; left > 0; left--) {
    state = mixBits((state + STEP) | 0)
    const chosen = Math.floor((state / 2 ** 32) * left)
    yield rest[chosen]!
    rest[chosen] = rest[left - 1]!
  }
}

/** Yields every server once: those of `preferred` in order, without repetitions, then the others by their index. */
export function* distinctOrder(preferred: Iterable<number>, count: number): Generator<number, void, undefined> {
  const seen = new Set<number>()
  for (const server of preferred) {
    if (seen.has(server)) continue
    seen.add(server)
    yield server
    if (seen.size === count) return
  }
  for (let server = 0; server < count; server++) if (!seen.has(server)) yield server
}
