/** Time for which an address found dead is ordered after the others, in milliseconds. */
const KEPT_MS = 60_000

/** Addresses of one server's name that recently gave no connection. */
export class DeadAddresses {
  readonly #until: Map<string, number> = new Map()

  /** Records that an address refused, or stayed silent while others were tried. */
  failed(address: string): void {
    this.#until.set(address, performance.now() + KEPT_MS)
  }

  /** Records that an address gave a connection. */
  worked(address: string): void {
    this.#until.delete(address)
  }

  /** Returns the addresses in their order, those found dead after the others. */
  order(addresses: readonly string[]): string[] {
    const now = performance.now()
    for (const [address, until] of this.#until) if (until <= now) this.#until.delete(address)
    const isDead = (address: string): boolean => this.#until.has(address)
    return [...addresses.filter((address) => !isDead(address)), ...addresses.filter(isDead)]
  }
}
