import type { Key, WireKey } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'

/** A key that must be removed from a server before it may serve again. */
export interface OutdatedKey<S> {
  readonly key: WireKey
  readonly callerKey: Key
  /** Who took the commands for it meanwhile, and holds a copy that will be outdated once the server is back. */
  readonly copies: S[]
}

/**
 * The keys that this client wrote, touched or deleted elsewhere while their server was out: what that server still
 * holds under them is outdated. There are `maxKeys` of them at the most; of further ones only the number is kept.
 */
export class OutdatedKeys<S> {
  readonly #keys: Map<string, OutdatedKey<S>> = new Map()
  readonly #maxKeys: number
  readonly #onOverflow: () => void
  #overflown = false

  /** @param onOverflow - Called with the first key that found no room since the server was last back. */
  constructor(maxKeys: number, onOverflow: () => void) {
    this.#maxKeys = maxKeys
    this.#onOverflow = onOverflow
  }

  get size(): number {
    return this.#keys.size
  }

  /** Notes a key whose commands go elsewhere, and where: nowhere if only a copy here is outdated. */
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

  /** The server is back: a later overflow is another one. */
  forgiveOverflow(): void {
    this.#overflown = false
  }
}

/** They are few, and a set for each key would take more memory than all the rest. */
function addCopy<S>({ copies }: OutdatedKey<S>, copy: S): void {
  if (!copies.includes(copy)) copies.push(copy)
}

/** One name per item: a base64 key is another key than the text that spells it. */
function nameOf(key: WireKey): string {
  return typeof key === 'string' ? key : `${key.form} ${key.echo}`
}
