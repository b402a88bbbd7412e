/** A place in the order of a {@link FifoLock}. */
export interface Turn {
  /** Resolves when those before are done. */
  readonly comes: Promise<void>
  /** Lets the next one go on, once those before are done too. May be called again. */
  readonly end: () => void
}

/** Lets calls go on one after the other, in the order in which they came. */
export class FifoLock {
  #last: Promise<void> = Promise.resolve()
  #taken = 0

  /** Whether no place is taken. */
  get isIdle(): boolean {
    return this.#taken === 0
  }

  /** Takes a place after all others. */
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
