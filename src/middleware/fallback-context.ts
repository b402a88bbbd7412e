import type { MemcacheError } from '../errors.ts'
import type { Executor } from '../executor.ts'
import type { WireKey } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'

/** Which answers of the first cluster send a read to the older ones. */
export type FallbackOn = 'miss' | 'missOrError'

/** Fallback options, checked and complete. */
export interface ResolvedFallbackOptions {
  readonly fallbackOn: FallbackOn
  readonly refill: boolean
  readonly onError: (error: MemcacheError, operation: Operation) => void
}

/** What the commands of a fallback share. */
export interface FallbackContext {
  readonly first: Executor
  readonly older: readonly Executor[]
  readonly options: ResolvedFallbackOptions
  /** Copies of items that are under way, by key. */
  readonly copies: CopiesUnderWay
}

/**
 * Copies from older clusters that are not on their way to the first one yet. A removal of the key calls them off: the
 * copy would bring back what was just removed.
 */
export class CopiesUnderWay {
  readonly #copies: Map<string, Set<{ calledOff: boolean }>> = new Map()

  /** Begins a copy; whoever does ends it. */
  begin(key: WireKey): { calledOff: boolean } {
    const copy = { calledOff: false }
    const name = nameOf(key)
    const known = this.#copies.get(name)
    if (known === undefined) this.#copies.set(name, new Set([copy]))
    else known.add(copy)
    return copy
  }

  end(key: WireKey, copy: { calledOff: boolean }): void {
    const name = nameOf(key)
    const known = this.#copies.get(name)
    if (known?.delete(copy) === true && known.size === 0) this.#copies.delete(name)
  }

  callOff(key: WireKey): void {
    if (this.#copies.size === 0) return
    for (const copy of this.#copies.get(nameOf(key)) ?? []) copy.calledOff = true
  }
}

function nameOf(key: WireKey): string {
  return typeof key === 'string' ? key : `${key.form} ${key.echo}`
}
