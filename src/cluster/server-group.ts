import { isDeepStrictEqual } from 'node:util'
import type { Key } from '../protocol/key.ts'
import type { Distribution, RoutedServer, Router } from '../routing/distribution.ts'
import type { Server } from '../server-address.ts'
import { Member, type MemberGroup, type MemberListener, type MemberSettings } from './member.ts'

/** Servers among which keys are spread: those of the cluster, or those of its gutter. */
export class ServerGroup implements MemberGroup {
  readonly #distribution: Distribution
  readonly #settings: MemberSettings
  readonly #listener: MemberListener
  #members: readonly Member[] = []
  #router: Router | undefined
  /** How many do not take commands. */
  #out = 0

  constructor(distribution: Distribution, settings: MemberSettings, listener: MemberListener) {
    this.#distribution = distribution
    this.#settings = settings
    this.#listener = listener
  }

  get members(): readonly Member[] {
    return this.#members
  }

  get crowd(): boolean {
    return this.#out * 2 > this.#members.length
  }

  onTurn(healthy: boolean): void {
    this.#out += healthy ? -1 : 1
  }

  /**
   * Replaces the servers. Those that stay as they are keep their connections and their health; throws, and changes
   * nothing, when the distribution refuses the list.
   *
   * @returns the members that are none any more, for the caller to retire.
   */
  replace(servers: readonly Server[]): readonly Member[] {
    const router = servers.length === 0 ? undefined : this.#distribution(servers.map(routed))
    const before = new Map(this.#members.map((member) => [member.name, member]))
    this.#members = servers.map((server) => {
      const known = before.get(server.name)
      if (known === undefined || !isSame(known.server, server)) {
        return new Member(server, this.#settings, this, this.#listener)
      }
      before.delete(server.name)
      known.server = server
      return known
    })
    this.#router = router
    return [...before.values()]
  }

  /** The server that the key belongs to; undefined when there is none. */
  home(key: Key): Member | undefined {
    return this.#router === undefined ? undefined : this.#members[this.#router.pick(key)]
  }

  /**
   * The first server in the key's order that takes commands.
   *
   * @param onSkip - Called with each one before it.
   */
  firstUp(key: Key, onSkip?: (member: Member) => void): Member | undefined {
    if (this.#router === undefined || this.#out === this.#members.length) return undefined
    for (const index of this.#router.order(key)) {
      const member = this.#members[index]!
      if (member.up) return member
      onSkip?.(member)
    }
    return undefined
  }
}

/** Whether the connections to one may be used for the other. A weight concerns the ring alone. */
function isSame(a: Server, b: Server): boolean {
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
