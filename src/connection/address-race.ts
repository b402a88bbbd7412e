import { ConnectError } from '../errors.ts'
import type { Attempt } from './attempt.ts'
import type { DeadAddresses } from './dead-addresses.ts'
import { SocketOpening, type SocketOptions, type SocketTarget } from './socket.ts'
import type { Transport } from './transport.ts'

/** Delay before the next address starts in parallel, in milliseconds (RFC 8305, section 5, and its minimum). */
const MAX_DELAY_MS = 250
const MIN_DELAY_MS = 50

/** An address of a name. */
export interface RaceTarget extends SocketTarget {
  readonly host: string
}

/**
 * Returns the delay before the next address starts in parallel, in milliseconds: short enough that the last one starts
 * before `connectTimeoutMs` has passed.
 */
export function raceDelayMs(connectTimeoutMs: number, addresses: number): number {
  return Math.max(MIN_DELAY_MS, Math.min(MAX_DELAY_MS, connectTimeoutMs / (addresses + 1)))
}

/** Parameters of an {@link AddressRace}. */
export interface AddressRaceInit {
  /** Name of the server. */
  readonly server: string
  /** Addresses in the order in which they start; at least one. */
  readonly targets: readonly RaceTarget[]
  readonly options: SocketOptions
  readonly attempt: Attempt
  readonly delayMs: number
  readonly deadAddresses: DeadAddresses
}

/**
 * Opens sockets to the addresses of a name, in parallel with a delay between them (RFC 8305). The first open socket is
 * used and the others are destroyed.
 */
export class AddressRace {
  readonly #init: AddressRaceInit
  /** Running openings, in the order in which they began. */
  readonly #openings: Map<SocketOpening, RaceTarget> = new Map()
  readonly #failures: Error[] = []
  #resolve: (transport: Transport) => void = () => undefined
  #reject: (error: Error) => void = () => undefined
  #next = 0
  #timer: NodeJS.Timeout | undefined
  #over = false

  constructor(init: AddressRaceInit) {
    this.#init = init
  }

  /** Starts, and waits for the first open socket. Rejects with `ConnectError`, or the attempt's reason. */
  run(): Promise<Transport> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#startNext()
    })
  }

  #startNext(): void {
    const { targets, options, attempt, delayMs } = this.#init
    clearTimeout(this.#timer)
    const target = targets[this.#next++]!
    const opening = new SocketOpening(target, options, attempt)
    this.#openings.set(opening, target)
    opening
      .untilOpen(() => this.#showStage())
      .then(
        (transport) => this.#win(opening, target, transport),
        (error: Error) => this.#lose(opening, target, error),
      )
    if (this.#hasMore) this.#timer = setTimeout(() => this.#startNext(), delayMs)
  }

  get #hasMore(): boolean {
    return this.#next < this.#init.targets.length
  }

  #win(opening: SocketOpening, target: RaceTarget, transport: Transport): void {
    if (this.#over) return
    this.#noteSilent(opening)
    this.#init.deadAddresses.worked(target.host)
    this.#openings.delete(opening)
    this.#end()
    this.#resolve(transport)
  }

  #lose(opening: SocketOpening, target: RaceTarget, error: Error): void {
    if (this.#over) return
    const { attempt, deadAddresses } = this.#init
    if (attempt.signal.aborted) {
      this.#noteSilent(undefined)
      this.#end()
      return this.#reject(error)
    }
    this.#openings.delete(opening)
    this.#failures.push(error)
    deadAddresses.failed(target.host)
    if (this.#hasMore) this.#startNext()
    else if (this.#openings.size === 0) this.#reject(this.#error())
    this.#showStage()
  }

  /** Records silent addresses: those started before the winner had more time than the winner and no answer. */
  #noteSilent(winner: SocketOpening | undefined): void {
    for (const [opening, { host }] of this.#openings) {
      if (opening === winner) return
      this.#init.deadAddresses.failed(host)
    }
  }

  #end(): void {
    this.#over = true
    clearTimeout(this.#timer)
    for (const opening of this.#openings.keys()) opening.destroy()
  }

  /** Sets the stage for a timeout error, which names every address: the silent ones and the failed ones. */
  #showStage(): void {
    if (this.#over) return
    const stages = [...this.#openings.keys()].map((opening) => opening.stage)
    this.#init.attempt.stage = [...stages, ...this.#failures.map((failure) => failure.message)].join('; ')
  }

  #error(): Error {
    const failures = this.#failures
    if (failures.length === 1) return failures[0]!
    const { server } = this.#init
    const reasons = failures.map((failure) => failure.message).join('; ')
    return new ConnectError(`none of the ${failures.length} addresses of ${server} could be reached: ${reasons}`, {
      server,
      delivery: 'not-sent',
      cause: new AggregateError(failures),
    })
  }
}
