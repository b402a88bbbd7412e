import { isDeepStrictEqual } from 'node:util'
import { InvalidInputError, MemcacheError } from '../errors.ts'
import { messageOf } from '../message-of.ts'
import type { Key } from '../protocol/key.ts'
import type { Distribution, RoutedServer, Router } from '../routing/distribution.ts'
import type { Server } from '../server-address.ts'
import { showValue } from '../show-value.ts'
import { Member, type MemberDecisions, type MemberGroup, type MemberSettings } from './member.ts'

/** Servers that share the keys: those of the cluster, or those of its gutter. */
export class ServerGroup implements MemberGroup {
  readonly #distribution: Distribution
  readonly #settings: MemberSettings
  readonly #decisions: MemberDecisions
  #members: readonly Member[] = []
  #router: Router | undefined
  /** Number of servers that do not take commands. */
  #out = 0

  constructor(distribution: Distribution, settings: MemberSettings, decisions: MemberDecisions) {
    this.#distribution = distribution
    this.#settings = settings
    this.#decisions = decisions
  }

  get members(): readonly Member[] {
    return this.#members
  }

  get size(): number {
    return this.#members.length
  }

  get mostlyDown(): boolean {
    return this.#out * 2 > this.#members.length
  }

  onAvailability(healthy: boolean): void {
    this.#out += healthy ? -1 : 1
  }

  /**
   * Replaces the servers. Unchanged servers keep their connections and their health. Throws, and changes nothing, when
   * the distribution refuses the list.
   *
   * @returns the removed members, for the caller to retire.
   */
  replace(servers: readonly Server[]): readonly Member[] {
    const router = servers.length === 0 ? undefined : routerOf(this.#distribution, servers, this.#router)
    const before = new Map(this.#members.map((member) => [member.name, member]))
    this.#members = servers.map((server) => {
      const known = before.get(server.name)
      if (known === undefined || !isSame(known.server, server)) {
        return new Member(server, this.#settings, this, this.#decisions)
      }
      before.delete(server.name)
      known.server = server
      return known
    })
    this.#router = router
    return [...before.values()]
  }

  /** Returns the server of the key; undefined when there is none. */
  home(key: Key): Member | undefined {
    if (this.#router === undefined) return undefined
    try {
      const index = this.#router.pick(key)
      return this.#members[index] ?? refuseIndex(index)
    } catch (cause) {
      throw distributionError(cause)
    }
  }

  /**
   * Returns the first server in the key's order that takes commands.
   *
   * @param onSkip - Called with each server before that one.
   */
  firstUp(key: Key, onSkip?: (member: Member) => void): Member | undefined {
    if (this.#router === undefined || this.#out === this.#members.length) return undefined
    try {
      for (const index of this.#router.order(key)) {
        const member = this.#members[index] ?? refuseIndex(index)
        if (member.up) return member
        onSkip?.(member)
      }
    } catch (cause) {
      throw distributionError(cause)
    }
    return undefined
  }
}

/** Builds the router of a distribution, which may be a function of the caller's. */
function routerOf(distribution: Distribution, servers: readonly Server[], previous: Router | undefined): Router {
  let router: Partial<Router> | undefined
  try {
    router = distribution(servers.map(routed), previous)
  } catch (cause) {
    throw distributionError(cause)
  }
  if (typeof router?.pick === 'function' && typeof router.order === 'function') return router as Router
  throw new InvalidInputError(`option cluster.distribution must give pick and order, got ${showValue(router)}`)
}

function distributionError(cause: unknown): MemcacheError {
  if (cause instanceof MemcacheError) return cause
  return new InvalidInputError(`option cluster.distribution threw: ${messageOf(cause)}`, { cause })
}

function refuseIndex(index: unknown): never {
  throw new InvalidInputError(`option cluster.distribution must give the index of a server, got ${showValue(index)}`)
}

/** Checks whether the connections to one server may be used for the other. A weight concerns the ring alone. */
function isSame(a: Server, b: Server): boolean {
  if (a === b) return true
  return (
    a.version === b.version &&
    isDeepStrictEqual(a.endpoint, b.endpoint) &&
    isDeepStrictEqual(a.auth, b.auth) &&
    isDeepStrictEqual(a.tls, b.tls)
  )
}

function routed({ name, weight, endpoint }: Server): RoutedServer {
  return endpoint.kind === 'tcp'
    ? { name, weight, host: endpoint.host, port: endpoint.port }
    : { name, weight, path: endpoint.path }
}
