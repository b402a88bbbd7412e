/** A server that closed on a command so often in a row, and never answered it, does not know it. */
const CLOSES_THAT_COUNT = 2

/**
 * The commands that one server does not know, as far as its behaviour tells: proxies (twemproxy 0.5.0 among them) close
 * the connection on what they do not know. One close may be chance.
 */
export class UnknownCommands {
  readonly #closes: Map<string, number> = new Map()
  readonly #known: Set<string> = new Set()

  /** Whether the command is not to be sent any more. */
  has(command: string): boolean {
    return (this.#closes.get(command) ?? 0) >= CLOSES_THAT_COUNT
  }

  /** The server closed the connection where the answer to this command was due. */
  closedOn(command: string): void {
    if (!this.#known.has(command)) this.#closes.set(command, (this.#closes.get(command) ?? 0) + 1)
  }

  /** The server answered it. */
  answered(command: string): void {
    this.#known.add(command)
    this.#closes.delete(command)
  }
}
