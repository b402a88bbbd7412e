/** Time in which a second warning of the same kind is only counted, in milliseconds. */
const QUIET_MS = 10_000

/** Subject of a warning. */
export type WarningKind = 'protocol' | 'handshake' | 'connections'

interface Told {
  /** Time of the last warning that was passed on, in milliseconds since 1970. */
  readonly at: number
  /** Number of warnings since then. */
  held: number
}

/** Filter of warnings, at most one of a kind in ten seconds: a client that reconnects for ever must not fill a log. */
export class Warnings {
  readonly #now: () => number
  readonly #onWarning: (message: string) => void
  readonly #told = new Map<WarningKind, Told>()

  /**
   * @param now - Milliseconds since 1970.
   * @param onWarning - Called with each warning that is passed on.
   */
  constructor(now: () => number, onWarning: (message: string) => void) {
    this.#now = now
    this.#onWarning = onWarning
  }

  tell(kind: WarningKind, message: string): void {
    const now = this.#now()
    const told = this.#told.get(kind)
    // If the clock was set back, start anew.
    if (told !== undefined && now >= told.at && now - told.at < QUIET_MS) {
      told.held++
      return
    }
    this.#told.set(kind, { at: now, held: 0 })
    const held = told?.held ?? 0
    this.#onWarning(held === 0 ? message : `${message} (and ${held} more like this before)`)
  }
}
