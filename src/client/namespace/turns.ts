/** A place in the order. */
export interface Turn {
  /** Resolves when everybody before is done. */
  readonly comes: Promise<void>
  /** Lets the next one go on, once those before are done too. May be called again. */
  readonly end: () => void
}

/** Keeps those who have to wait in the order in which they came. */
export class Turns {
  #last: Promise<void> = Promise.resolve()
  #taken = 0

  /** Nobody waits. */
  get isIdle(): boolean {
    return this.#taken === 0
  }

  /** Takes a place behind all others. */
  take(): Turn {
    const comes = this.#last
    let letNext: () => void
    this.#last = new Promise((resolve) => {
      letNext = resolve
    })
    this.#taken++
    let hasEnded = false
    const end = (): void => {
      if (hasEnded) return
      hasEnded = true
      this.#taken--
      void comes.then(letNext)
    }
    return { comes, end }
  }
}
