import type { Key, WireKey } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'

/** Key that must be removed from a server before the server may serve again. */
export interface OutdatedKey<S> {
  readonly key: WireKey
  readonly callerKey: Key
  /** Servers that took the key's commands meanwhile; their copies are outdated once the key's server is back. */
  readonly copies: S[]
}

/**
 * Keys that this client wrote, touched or deleted elsewhere while their server was out: that server's own items under
 * these keys are outdated. Holds `maxKeys` of them at most; further ones are only counted.
 */
export class OutdatedKeys<S> {
  readonly #keys: Map<string, OutdatedKey<S>> = new Map()
  readonly #maxKeys: number
  readonly #onOverflow: () => void
  #overflown = false

  /** @param onOverflow - Called with the first key beyond the limit since the server was last back. */
  constructor(maxKeys: number, onOverflow: () => void) {
    this.#maxKeys = maxKeys
    this.#onOverflow = onOverflow
  }

  get size(): number {
    return this.#keys.size
  }

  /** Records a key whose commands go elsewhere, and the target: undefined if only a copy here is outdated. */
  add({ key, callerKey }: Pick<Operation, 'key' | 'callerKey'>, target: S | undefined): void {
    const name = nameOf(key)
    const known = this.#keys.get(name)
    if (known !== undefined) {
      if (target !== undefined) addCopy(known, target)
    } else if (this.#keys.size < this.#maxKeys) {
      this.#keys.set(name, { key, callerKey, copies: target === undefined ? [] : [target] })
    } else if (!this.#overflown) {
      this.#overflown = true
      this.#onOverflow()
    }
  }

  /** Puts back a key whose removal failed. */
  restore(outdated: OutdatedKey<S>): void {
    const known = this.#keys.get(nameOf(outdated.key))
    if (known === undefined) this.#keys.set(nameOf(outdated.key), outdated)
    else for (const copy of outdated.copies) addCopy(known, copy)
  }

  /** Takes out up to `count` keys, oldest first. */
  take(count: number): OutdatedKey<S>[] {
    const taken: OutdatedKey<S>[] = []
    for (const [name, outdated] of this.#keys) {
      if (taken.length >= count) break
      this.#keys.delete(name)
      taken.push(outdated)
    }
    return taken
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
