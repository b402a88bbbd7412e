import { Gate } from './gate.ts'

/** A loader that the test lets finish. */
export class HeldLoad<T> {
  readonly #gate: Gate = new Gate()
  readonly #started: Gate = new Gate()
  readonly #value: T
  calls = 0

  constructor(value: T) {
    this.#value = value
  }

  readonly load = async (): Promise<T> => {
    this.calls++
    this.#started.open()
    await this.#gate.opened
    return this.#value
  }

  get started(): Promise<void> {
    return this.#started.opened
  }

  finish(): void {
    this.#gate.open()
  }
}

/** A loader for values that must be hits. */
export function notCalled(): never {
  throw new Error('the loader must not be called')
}
