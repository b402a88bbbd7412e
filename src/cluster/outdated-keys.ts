import type { Key, WireKey } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'

/** Key that must be removed from a server before the server may serve again. */
export interface OutdatedKey<S> {
  readonly key: WireKey
  readonly callerKey: Key
  /** Servers that took the key's commands meanwhile; their copies are outdated once the key's server is back. */
  readonly copies: S[]
  /** Whether it is being removed. */
  isTaken: boolean
}

/**
 * Keys that this client wrote, touched or deleted elsewhere while their server was out: that server's own items under
 * these keys are outdated. Holds `maxKeys` of them at most; further ones are only counted.
 */
export class OutdatedKeys<S> {
  readonly #keys: Map<string, OutdatedKey<S>> = new Map()
  readonly #maxKeys: number
  readonly #onOverflow: () => void
  readonly #onRemoved: () => void
  #overflown = false

  /**
   * @param onOverflow - Called with the first key beyond the limit since the server was last back.
   * @param onRemoved - Called when the last key has been removed.
   */
  constructor(maxKeys: number, onOverflow: () => void, onRemoved: () => void) {
    this.#maxKeys = maxKeys
    this.#onOverflow = onOverflow
    this.#onRemoved = onRemoved
  }

  /** Number of keys, with those that are being removed. */
  get size(): number {
    return this.#keys.size
  }

  /** Checks whether a key is to be removed, or is being removed. */
  has(key: WireKey): boolean {
    return this.#keys.has(nameOf(key))
  }

  /** Records a key whose commands go elsewhere, and the target: undefined if only a copy here is outdated. */
  add({ key, callerKey }: Pick<Operation, 'key' | 'callerKey'>, target: S | undefined): void {
    const name = nameOf(key)
    const known = this.#keys.get(name)
    // A removal under way may have been carried out before what makes the key outdated now.
    if (known?.isTaken === false) {
      if (target !== undefined) addCopy(known, target)
    } else if (known !== undefined || this.#keys.size < this.#maxKeys) {
      this.#keys.set(name, { key, callerKey, copies: target === undefined ? [] : [target], isTaken: false })
    } else if (!this.#overflown) {
      this.#overflown = true
      this.#onOverflow()
    }
  }

  /** Puts back a key whose removal failed. */
  restore(outdated: OutdatedKey<S>): void {
    const known = this.#keys.get(nameOf(outdated.key))
    if (known === undefined || known === outdated) this.#keys.set(nameOf(outdated.key), outdated)
    else for (const copy of outdated.copies) addCopy(known, copy)
    outdated.isTaken = false
  }

  /** Takes up to `count` keys to be removed, oldest first. */
  take(count: number): OutdatedKey<S>[] {
    const taken: OutdatedKey<S>[] = []
    for (const outdated of this.#keys.values()) {
      if (taken.length >= count) break
      if (!outdated.isTaken) taken.push(outdated)
      outdated.isTaken = true
    }
    return taken
  }

  /** Takes one key, known or not. */
  takeOne({ key, callerKey }: Pick<Operation, 'key' | 'callerKey'>): OutdatedKey<S> {
    const name = nameOf(key)
    const outdated = { key, callerKey, copies: this.#keys.get(name)?.copies ?? [], isTaken: true }
    this.#keys.set(name, outdated)
    return outdated
  }

  /** Forgets a key that was taken and is removed. */
  removed(outdated: OutdatedKey<S>): void {
    const name = nameOf(outdated.key)
    if (this.#keys.get(name) === outdated) this.#keys.delete(name)
    if (this.#keys.size === 0) this.#onRemoved()
  }

  /** Marks the server as back: a later overflow is reported again. */
  forgiveOverflow(): void {
    this.#overflown = false
  }
}

/** Adds a copy. Copies are few, and a set for each key would take more memory than all the rest. */
function addCopy<S>({ copies }: OutdatedKey<S>, copy: S): void {
  if (!copies.includes(copy)) copies.push(copy)
}

/** Returns one name per item: a base64 key differs from the text that spells it. */
function nameOf(key: WireKey): string {
  return typeof key === 'string' ? key : `${key.form} ${key.echo}`
}
