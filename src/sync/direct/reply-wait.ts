import { availableParallelism } from 'node:os'

/** Delay of a sleep's end on an idle machine, because timers are no finer, in milliseconds. */
const SLACK_MS = 0.1

/**
 * Time for which a caller spins for a reply that is due, in milliseconds: somewhat longer than the shortest sleep. Of
 * the replies of a server on the same machine one in a hundred comes between 0.06 and 0.15 ms late.
 */
const SPIN_MS = 0.15

/** Sleep between two looks: a part of the silence so far, within these limits in milliseconds. */
const SLEEP_PART = 1 / 8
const SHORTEST_SLEEP_MS = 0.02
const LONGEST_SLEEP_MS = 5

/** Step of the time of the first look: a part of it, and at least so many milliseconds. */
const STEP_PART = 1 / 32
const SHORTEST_STEP_MS = 0.000_25

/** Time up to which nineteen of twenty first looks should succeed, in milliseconds; beyond it, every second one. */
const FINE_MS = 0.02
const FINE_PART = 1 / 19

/**
 * Looks after which a reply counts as delayed; and the number of such replies in a row after which all count as such.
 */
const NEAR_LOOKS = 2
const FAR_REPLIES = 8

/**
 * Times at which a caller looks for a server's reply, in milliseconds after its command was written.
 *
 * A look in vain takes a fifth of a round trip on one machine, so the first one is made when the reply has probably
 * come. Then the caller spins for a moment, because falling asleep and waking take longer than a reply that is due.
 * Then it sleeps, an eighth of the silence so far at a time, so that it is late by an eighth at most. If replies take
 * long, as over a network, the caller sleeps before the first look too.
 */
export class ReplyWait {
  readonly #maySpin: boolean = availableParallelism() > 1
  #dueMs = 0
  /** Number of replies in a row that were far from due. */
  #far = 0

  /** Time of the first look. */
  get dueMs(): number {
    return this.#dueMs
  }

  /** Returns how much of the time until the first look to sleep; the rest is too short for that. */
  sleepBeforeDue(leftMs: number): number {
    if (!this.#maySpin) return leftMs
    return leftMs - SLACK_MS < SHORTEST_SLEEP_MS ? 0 : leftMs - SLACK_MS
  }

  /**
   * Returns how long to sleep after a look in vain; 0: look again at once.
   *
   * @param silentMs - Time since the last bytes came, or since the command was written.
   * @param hasBegun - Whether bytes of the reply have come: the rest is due at once.
   */
  sleepAfterLook(silentMs: number, hasBegun: boolean): number {
    const overdueMs = hasBegun ? silentMs : silentMs - this.#dueMs
    if (this.#maySpin && overdueMs < SPIN_MS) return 0
    return Math.min(Math.max(silentMs * SLEEP_PART, SHORTEST_SLEEP_MS), LONGEST_SLEEP_MS)
  }

  /** Records the number of looks in vain before the reply to a command with one key. */
  note(looks: number): void {
    const dueMs = this.#dueMs
    const stepMs = Math.max(dueMs * STEP_PART, SHORTEST_STEP_MS)
    const isFar = looks > NEAR_LOOKS
    this.#far = isFar ? this.#far + 1 : 0
    if (looks === 0) this.#dueMs = Math.max(dueMs - (dueMs < FINE_MS ? stepMs * FINE_PART : stepMs), 0)
    else if (!isFar || this.#far > FAR_REPLIES) this.#dueMs += stepMs
  }
}
