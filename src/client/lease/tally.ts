/** Counts the calls that are under way, for whoever waits until there are none. */
export class Tally {
  #underWay = 0
  #isOver = false
  #waiting: (() => void)[] = []

  /** A call begins. */
  enter(): void {
    this.#underWay++
  }

  /** It has ended. */
  leave(): void {
    if (--this.#underWay === 0) this.#tellIdle()
  }

  /** Nobody is to wait any more, whatever is under way. */
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
