import { keyName, type WireKey } from '../../protocol/key.ts'

/** Commands under way for one key. */
export interface KeyEntry {
  /** Number of commands of several steps. */
  running: number
  /** Of these, the number that the primary zone decides. */
  deciding: number
  /** Number of values stored in all zones meanwhile. */
  stored: number
  /** Number of commands that the primary zone was given to decide meanwhile. */
  decided: number
}

/** Commands of several steps, by key, while they are under way: the second step must not undo what came in between. */
export class KeyWork {
  readonly #entries: Map<string, KeyEntry> = new Map()

  /** Whether nothing is under way. */
  get isIdle(): boolean {
    return this.#entries.size === 0
  }

  /** Takes note that a value is stored in all zones. */
  noteStore(key: WireKey): void {
    const entry = this.#entries.size === 0 ? undefined : this.#entries.get(keyName(key))
    if (entry !== undefined) entry.stored++
  }

  /** Whether the primary zone is deciding about the key. */
  isDeciding(key: WireKey): boolean {
    return this.#entries.size > 0 && (this.#entries.get(keyName(key))?.deciding ?? 0) > 0
  }

  /** Begins a command of several steps. @param decides - Whether the primary zone decides it. */
  begin(key: WireKey, decides: boolean): KeyEntry {
    const name = keyName(key)
    const entry = this.#entries.get(name) ?? { running: 0, deciding: 0, stored: 0, decided: 0 }
    this.#entries.set(name, entry)
    entry.running++
    if (!decides) return entry
    entry.deciding++
    entry.decided++
    return entry
  }

  end(key: WireKey, entry: KeyEntry, decides: boolean): void {
    entry.running--
    if (decides) entry.deciding--
    if (entry.running === 0) this.#entries.delete(keyName(key))
  }
}
