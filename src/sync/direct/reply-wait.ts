import { availableParallelism } from 'node:os'

/** A sleep ends this much later than asked for, on a machine that is not busy: timers are no finer. In milliseconds. */
const SLACK_MS = 0.1

/**
 * How long a caller looks again and again for a reply that is due, in milliseconds: somewhat longer than the shortest
 * sleep takes. Of the replies of a server on the same machine one in a hundred comes between 0.06 and 0.15 ms late.
 */
const SPIN_MS = 0.15

/** Sleeps between two looks: a part of the silence so far, within these limits in milliseconds. */
const SLEEP_PART = 1 / 8
const SHORTEST_SLEEP_MS = 0.02
const LONGEST_SLEEP_MS = 5

/** The time of the first look moves in steps: a part of it, and at least so much in milliseconds. */
const STEP_PART = 1 / 32
const SHORTEST_STEP_MS = 0.000_25

/** Until so late, in milliseconds, nineteen of twenty first looks are to succeed; beyond, every second one. */
const FINE_MS = 0.02
const FINE_PART = 1 / 19

/** A reply that takes more looks than this was held up by something; only so many of them in a row say that all are. */
const NEAR_LOOKS = 2
const FAR_REPLIES = 8

/**
 * When a caller looks whether a server's reply has come, in milliseconds after its command was written.
 *
 * A look in vain takes a fifth of a round trip on one machine, so the first one is made when the reply has probably come.
 * Then it looks without a pause for a moment, because a thread takes longer to fall asleep and to wake than a reply that
 * is due takes to come; then it sleeps, an eighth of the silence so far at a time, so that it is late by an eighth at the
 * most. Where replies take long, as over a network, it sleeps before the first look too.
 */
export class ReplyWait {
  readonly #maySpin: boolean = availableParallelism() > 1
  #dueMs = 0
  /** Replies in a row that were far from due. */
  #far = 0

  /** When to look first. */
  get dueMs(): number {
    return this.#dueMs
  }

  /** How much of the time until the first look to sleep; the rest is too short for that. */
  sleepBeforeDue(leftMs: number): number {
    if (!this.#maySpin) return leftMs
    return leftMs - SLACK_MS < SHORTEST_SLEEP_MS ? 0 : leftMs - SLACK_MS
  }

  /**
   * How long to sleep after a look in vain; 0: look again at once.
   *
   * @param silentMs - Since the last bytes came, or since the command was written.
   * @param hasBegun - Whether bytes of the reply have come: the rest is due at once.
   */
  sleepAfterLook(silentMs: number, hasBegun: boolean): number {
    const overdueMs = hasBegun ? silentMs : silentMs - this.#dueMs
    if (this.#maySpin && overdueMs < SPIN_MS) return 0
    return Math.min(Math.max(silentMs * SLEEP_PART, SHORTEST_SLEEP_MS), LONGEST_SLEEP_MS)
  }

  /** Tells after how many looks in vain the reply to a command with one key was there. */
  note(looks: number): void {
    const dueMs = this.#dueMs
    const stepMs = Math.max(dueMs * STEP_PART, SHORTEST_STEP_MS)
    const isFar = looks > NEAR_LOOKS
    this.#far = isFar ? this.#far + 1 : 0
    if (looks === 0) this.#dueMs = Math.max(dueMs - (dueMs < FINE_MS ? stepMs * FINE_PART : stepMs), 0)
    else if (!isFar || this.#far > FAR_REPLIES) this.#dueMs += stepMs
  }
}
