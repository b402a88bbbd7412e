import { MemcacheError } from '../../errors.ts'
import type { ReadRequest } from '../../protocol/classic-request.ts'
import type { Key } from '../../protocol/key.ts'
import { GET, GETS } from '../../protocol/request.ts'
import type { KeyOptions } from '../call-options.ts'

/** Time that a server counts as one without `gets`, in milliseconds. */
const KEPT_MS = 60_000

/** Answers of servers without `gets` to it. mcrouter 41 answers "unexpected result mc_res_unknown (0) for get". */
const REFUSALS = / answered (?:ERROR|CLIENT_ERROR malformed request|SERVER_ERROR unexpected result)/

/**
 * Reads of leases where text is spoken: by `gets`, or by `get` on servers without `gets`, whose items count as
 * items without a cas number.
 */
export class LeaseReads {
  readonly #serverFor: (routingKey: Key) => { readonly name: string } | undefined
  /** Servers without `gets`, and until when they count as such, on the monotonic clock. */
  readonly #without: Map<string, number> = new Map()

  /** @param serverFor - Returns the server that a command for the key would go to. */
  constructor(serverFor: (routingKey: Key) => { readonly name: string } | undefined) {
    this.#serverFor = serverFor
  }

  /** Returns the read for a key. */
  requestFor({ routingKey }: KeyOptions): ReadRequest {
    if (this.#without.size === 0 || routingKey === undefined) return GETS
    const until = this.#without.get(this.#serverFor(routingKey)?.name ?? '') ?? 0
    return performance.now() < until ? GET : GETS
  }

  /** Whether the failure of a read says that its server has no `gets`: the next read goes by `get`. */
  learns(read: ReadRequest, reason: unknown): boolean {
    if (read !== GETS || !(reason instanceof MemcacheError) || reason.server === undefined) return false
    if (!REFUSALS.test(reason.message)) return false
    this.#without.set(reason.server, performance.now() + KEPT_MS)
    return true
  }
}
