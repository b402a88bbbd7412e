import { checkServers } from './check.ts'
import type { Distribution, Router } from './distribution.ts'
import type { HashInput } from './hash/hash-function.ts'
import { type NameForm, namesOf } from './server-name.ts'

/**
 * Returns a distribution over the list as twemproxy sorts it, whatever its given order: by the length of a server's
 * name, then by its bytes (`string_compare` in `nc_string.c`, called by `conf_validate_server` in `nc_conf.c`).
 */
export function inNameOrder(distribution: Distribution, form: NameForm): Distribution {
  return (list, previous) => {
    const inner = previous instanceof NameOrderRouter ? previous.router : undefined
    const servers = checkServers(list)
    const encoder = new TextEncoder()
    const names = namesOf(servers, form).map((name) => encoder.encode(name))
    const sorted = names.map((_, index) => index).toSorted((one, other) => compare(names[one]!, names[other]!))
    const inOrder = sorted.map((index) => servers[index]!)
    return new NameOrderRouter(distribution(inOrder, inner), sorted)
  }
}

/** Router over a sorted list, with the indexes of the original list. */
class NameOrderRouter implements Router {
  readonly router: Router
  readonly #sorted: readonly number[]

  constructor(router: Router, sorted: readonly number[]) {
    this.router = router
    this.#sorted = sorted
  }

  pick(key: HashInput): number {
    return this.#sorted[this.router.pick(key)]!
  }

  *order(key: HashInput): Generator<number, void, undefined> {
    for (const index of this.router.order(key)) yield this.#sorted[index]!
  }
}

function compare(one: Uint8Array, other: Uint8Array): number {
  if (one.length !== other.length) return one.length - other.length
  const at = one.findIndex((byte, index) => byte !== other[index])
  return at === -1 ? 0 : one[at]! - other[at]!
}
