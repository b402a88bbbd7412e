import type { ClosedConnection, ObservedConnection, Observing } from '../../seam/observer.ts'
import type { MemcachedEventName, MemcachedIssue, MemcachedOptions } from './api.ts'
import { spareServers } from './config.ts'
import { issueText } from './outcome.ts'

/** Messages of a server that are kept. */
const MAX_MESSAGES = 100

/** Facts about a server that has failed. */
export class ServerIssues {
  /** Name of the server. */
  readonly server: string
  /** Whether its last connection failed. */
  failed = false
  /** Whether it failed so often that it counts as dead. */
  dead = false
  /** Messages of the failures. */
  readonly messages: string[] = []
  /** Failures that are left before it counts as dead. */
  failures: number
  /** Failures so far. */
  totalFailures = 0
  /** Attempts to reach it since it counts as dead. */
  totalReconnectsAttempted = 0
  /** Attempts that succeeded. */
  totalReconnectsSuccess = 0
  readonly #since = Date.now()

  constructor(server: string, failures: number) {
    this.server = server
    this.failures = failures
  }

  /** Returns the details for the events. */
  get details(): MemcachedIssue {
    const { server, failures, totalFailures, totalReconnectsAttempted, totalReconnectsSuccess } = this
    const about = { server, tokens: tokensOf(server), messages: [...this.messages] }
    if (!this.dead) return { ...about, failures, totalFailures }
    return {
      ...about,
      totalFailures,
      totalReconnectsAttempted,
      totalReconnectsSuccess,
      totalReconnectsFailed: totalReconnectsAttempted - totalReconnectsSuccess,
      totalDownTime: Date.now() - this.#since,
    }
  }

  /** Notes a failure. */
  note(reason: unknown): void {
    this.failed = true
    this.messages.push(issueText(reason))
    if (this.messages.length > MAX_MESSAGES) this.messages.shift()
  }
}

/** Port and host; of a unix socket its path. */
function tokensOf(server: string): [string, string] {
  const [, host = server, port = ''] = /^(.+):(\d+)$/.exec(server) ?? []
  return [port, host]
}

/** Turns what happens to connections into the events of the package. */
export class IssueLog {
  /** The servers that have failed, by name. */
  readonly issues: Record<string, ServerIssues> = {}
  readonly #options: MemcachedOptions
  readonly #emit: (event: MemcachedEventName, issue: MemcachedIssue) => void

  constructor(options: MemcachedOptions, emit: (event: MemcachedEventName, issue: MemcachedIssue) => void) {
    this.#options = options
    this.#emit = emit
  }

  /** Observes the connections of a client. */
  get observing(): Observing {
    return {
      connectionStarted: ({ server }) => this.#tried(server),
      connectionOpened: ({ server }) => this.#recovered(server),
      connectionClosed: (connection, closed) => this.#closed(connection, closed),
    }
  }

  #tried(server: string): void {
    const issues = this.issues[server]
    if (issues?.dead !== true) return
    issues.totalReconnectsAttempted++
    this.#emit('reconnecting', issues.details)
  }

  #recovered(server: string): void {
    const issues = this.issues[server]
    if (issues === undefined) return
    delete this.issues[server]
    if (!issues.dead) return
    issues.totalReconnectsSuccess++
    this.#emit('reconnect', issues.details)
  }

  #closed({ server }: ObservedConnection, { why, error }: ClosedConnection): void {
    if (why !== 'failed') return
    const issues = this.issues[server] ?? new ServerIssues(server, Number(this.#options.failures) || 0)
    this.issues[server] = issues
    issues.note(error)
    if (issues.failures > 0) this.#issue(issues)
    else if (!issues.dead) this.#died(issues)
  }

  #issue(issues: ServerIssues): void {
    const { details } = issues
    issues.failures--
    issues.totalFailures++
    this.#emit('issue', details)
  }

  #died(issues: ServerIssues): void {
    const { remove, failOverServers } = this.#options
    issues.dead = true
    if (remove) this.#emit('remove', issues.details)
    if (!remove || spareServers(failOverServers).length === 0) this.#emit('failure', issues.details)
  }
}
