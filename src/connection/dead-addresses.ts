/** How long an address that was found dead comes behind the others, in milliseconds. */
const KEPT_MS = 60_000

/** The addresses of one server's name that gave no connection a moment ago. */
export class DeadAddresses {
  readonly #until: Map<string, number> = new Map()

  /** Notes that an address refused, or stayed silent while others had their turn. */
  failed(address: string): void {
    this.#until.set(address, performance.now() + KEPT_MS)
  }

  /** Notes that an address gave a connection. */
  worked(address: string): void {
    this.#until.delete(address)
  }

  /** Returns the addresses in their order, those that were found dead behind the others. */
  order(addresses: readonly string[]): string[] {
    const now = performance.now()
    for (const [address, until] of this.#until) if (until <= now) this.#until.delete(address)
    const isDead = (address: string): boolean => this.#until.has(address)
    return [...addresses.filter((address) => !isDead(address)), ...addresses.filter(isDead)]
  }
}
