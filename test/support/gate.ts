/** A door that a script waits at until the test opens it. */
export class Gate {
  /** Resolves when the gate is opened. */
  readonly opened: Promise<void>
  #resolve: () => void = () => {}

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  open(): void {
    this.#resolve()
  }
}
