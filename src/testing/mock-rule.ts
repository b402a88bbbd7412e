import { Buffer } from 'node:buffer'
import { InvalidInputError } from '../errors.ts'
import { type Key, keyBytes, wireKeyBytes } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import { showValue } from '../show-value.ts'
import { commandOf, isMockCommand, isRead, isWrite, MOCK_COMMANDS, type MockCommand } from './mock-command.ts'

/** Failure of a command: a name, or an error of your own, with which the call then rejects. */
export type MockError = 'down' | 'timeout' | 'closed' | 'full' | Error

/** Commands that a rule of a {@link MockMemcache} concerns; all of them when none is named. */
export interface MockScope {
  /**
   * Commands by name, or all that read or write. Calls sent as several commands are named by those: `getMany` is many
   * `get`, `setMany` many `set`, `update` is `gets` and `cas` or `add`, `pop` is `gets` and `delete`; `getOrSet` stores
   * a loaded value by `cas`, `add` or `set`.
   */
  readonly command?: MockCommand | 'reads' | 'writes' | readonly MockCommand[]
  /** Key, or a pattern for its text: as the caller gave it, or as sent, with every prefix. */
  readonly key?: Key | RegExp
  /** Number of commands after which the rule has no effect any more. @defaultValue `Infinity` */
  readonly times?: number
}

/** Options of {@link MockMemcache.fail}. */
export interface MockFailureOptions extends MockScope {
  /**
   * - `'down'`: `ServerDownError` at once; nothing is carried out, `delivery` is `'not-sent'`. Commands to the servers
   *   and `connect` fail as well.
   * - `'timeout'`: the request is lost. `TimeoutError` when the call's `timeoutMs` is over, `'unknown'`.
   * - `'closed'`: the connection is lost before the command is carried out. `ConnectionClosedError` at once, `'unknown'`.
   * - `'full'`: every store is refused with `ServerError`, `'answered'`, as by `memcached -M` without memory; reads,
   *   `touch`, `delete` and existing counters go on.
   * - an error: the call rejects with it.
   */
  readonly error: MockError
}

/** Options of {@link MockMemcache.slow}. */
export interface MockDelayOptions extends MockScope {
  /** Delay of the answer, in milliseconds. */
  readonly latencyMs: number
}

/** Failure or delay that was switched on. */
export interface MockRule {
  /** Number of commands that it applied to so far. */
  readonly count: number
  /** Ends the rule. */
  heal(): void
  /** The same as {@link MockRule.heal}: for `using`. */
  [Symbol.dispose](): void
}

/** Rule and its effect. */
export class ScopedRule<T> implements MockRule {
  readonly effect: T
  readonly #scope: MockScope
  readonly #remove: (rule: ScopedRule<T>) => void
  #count = 0

  /** @param remove - Removes the rule from its owner. */
  constructor(effect: T, scope: MockScope, remove: (rule: ScopedRule<T>) => void) {
    checkScope(scope)
    this.effect = effect
    this.#scope = scope
    this.#remove = remove
  }

  get count(): number {
    return this.#count
  }

  /** Counts a command that the rule affects. */
  use(): void {
    this.#count++
    if (this.#count >= (this.#scope.times ?? Number.POSITIVE_INFINITY)) this.heal()
  }

  heal(): void {
    this.#remove(this)
  }

  [Symbol.dispose](): void {
    this.heal()
  }

  /** Checks whether the rule concerns this command. */
  covers(operation: Operation): boolean {
    return this.#coversCommand(commandOf(operation.request)) && this.#coversKey(operation)
  }

  /** Checks whether the rule concerns this command that has no key. */
  coversKeyless(command: MockCommand): boolean {
    return this.#scope.key === undefined && this.#coversCommand(command)
  }

  #coversCommand(name: MockCommand): boolean {
    const { command } = this.#scope
    if (command === undefined) return true
    if (command === 'reads') return isRead(name)
    if (command === 'writes') return isWrite(name)
    return typeof command === 'string' ? command === name : command.includes(name)
  }

  #coversKey({ callerKey, key: wireKey }: Operation): boolean {
    const { key } = this.#scope
    if (key === undefined) return true
    const forms = [keyBytes(callerKey), wireKeyBytes(wireKey)]
    if (!(key instanceof RegExp)) return forms.some((form) => form.equals(keyBytes(key)))
    // `search`, unlike `test`, forgets where the last match of a global pattern was.
    return forms.some((form) => form.toString('utf8').search(key) >= 0)
  }
}

function checkScope({ command, key, times = Number.POSITIVE_INFINITY }: MockScope): void {
  const names: readonly unknown[] = command === undefined ? [] : [command].flat()
  for (const name of names) {
    if (isMockCommand(name) || (name === command && (name === 'reads' || name === 'writes'))) continue
    const known = `reads, writes, ${MOCK_COMMANDS.join(', ')}`
    throw new InvalidInputError(`command must be one of ${known}; got ${showValue(name)}`)
  }
  if (key !== undefined && !(key instanceof RegExp)) keyBytes(key)
  if (times !== Number.POSITIVE_INFINITY && (!Number.isSafeInteger(times) || times < 1)) {
    throw new InvalidInputError(`times must be a whole number above 0, or Infinity; got ${showValue(times)}`)
  }
}

/** Returns a key's text, for lists of keys. */
export function keyText(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}
