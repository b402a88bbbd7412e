/** Counts the calls that are under way, and lets `close` wait until there are none. */
export class ActiveCalls {
  #underWay = 0
  #isOver = false
  #waiting: (() => void)[] = []

  /** Counts a call that begins. */
  enter(): void {
    this.#underWay++
  }

  /** Takes a call off that has ended. */
  leave(): void {
    if (--this.#underWay === 0) this.#tellIdle()
  }

  /** Ends every wait, whatever is under way. */
  end(): void {
    this.#isOver = true
    this.#tellIdle()
  }

  get isIdle(): boolean {
    return this.#isOver || this.#underWay === 0
  }

  /** Waits until nothing is under way. */
  async settle(): Promise<void> {
    if (!this.isIdle) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #tellIdle(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
