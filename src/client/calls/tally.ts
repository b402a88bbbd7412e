import { MemcacheError } from '../../errors.ts'
import type { Operation, OperationWatch } from '../../protocol/operation.ts'
import type { Outcome } from '../../protocol/reply.ts'
import type { CallName } from './call-name.ts'

/** Positions of the numbers in a {@link Tally}. */
export const CALLS = 0
export const KEYS = 1
export const HITS = 2
export const MISSES = 3
export const STORED = 4
export const NOT_STORED = 5
export const FAILED = 6
export const ABSORBED = 7

/** Position of the number of keys that had one of the outcomes of a call. */
export type OutcomeColumn = typeof HITS | typeof MISSES | typeof STORED | typeof NOT_STORED

/** Numbers of keys by what came of them: of all calls of one name, or of a single call. */
export class Tally implements OperationWatch {
  readonly counts: Float64Array = new Float64Array(8)
  /** Failures by the code of their error; absorbed ones count. */
  readonly errors: Map<string, number> = new Map()
  /** Whether it is about a single call, whose operation and outcome are kept. */
  readonly isSingle: boolean
  /** Name of the calls. */
  readonly name: CallName | undefined
  /** Operation that carries out the call. */
  operation: Operation | undefined = undefined
  /** Name of the server that the operation ended on. */
  server: string | undefined = undefined
  /** Outcome of the operation. */
  outcome: Outcome | undefined = undefined
  /** Number of times that it began anew. */
  resets = 0

  constructor(isSingle: boolean, name?: CallName) {
    this.isSingle = isSingle
    this.name = name
  }

  /** Counts how an operation ends, which is all of a call. */
  watch(operation: Operation): void {
    operation.watch = this
    if (this.isSingle) this.operation = operation
  }

  settled(operation: Operation, outcome: unknown, hasFailed: boolean): void {
    if (this.isSingle) this.server = operation.holder?.server ?? this.server
    if (hasFailed) this.#endFailed(operation, outcome)
    else if (outcome instanceof Promise) this.#follow(operation, outcome)
    else this.#end(operation)
  }

  /** Waits for what follows the reply. An abort may have ended the call meanwhile. */
  #follow(operation: Operation, result: Promise<unknown>): void {
    result.then(
      () => operation.watch === this && this.#end(operation),
      (reason: unknown) => operation.watch === this && this.#endFailed(operation, reason),
    )
  }

  #end(operation: Operation): void {
    const { outcome } = operation
    const { counts } = this
    counts[KEYS]!++
    // Sent without an answer: nothing is known of it.
    if (outcome !== undefined) counts[columnOf(outcome)]!++
    if (this.isSingle) this.#keepOutcome(operation, outcome)
  }

  #endFailed(operation: Operation, reason: unknown): void {
    this.fail(reason)
    if (this.isSingle) this.#keepOutcome(operation, undefined)
  }

  /** Lets go of the operation, whose place in a queue may outlive the call. */
  #keepOutcome(operation: Operation, outcome: Outcome | undefined): void {
    this.outcome = outcome
    this.operation = undefined
    operation.watch = undefined
  }

  /** Counts keys that had an outcome. */
  add(column: OutcomeColumn, keys = 1): void {
    this.counts[KEYS]! += keys
    this.counts[column]! += keys
  }

  /**
   * Counts keys that did not fail.
   *
   * @param succeeded - How many were found or changed; undefined where that is not known.
   */
  addMany(isRead: boolean, keys: number, succeeded: number | undefined): void {
    this.counts[KEYS]! += keys
    if (succeeded === undefined) return
    this.counts[isRead ? HITS : STORED]! += succeeded
    this.counts[isRead ? MISSES : NOT_STORED]! += keys - succeeded
  }

  /** Counts keys that failed for one reason. */
  fail(reason: unknown, keys = 1): void {
    this.counts[KEYS]! += keys
    this.counts[FAILED]! += keys
    this.#addError(codeOf(reason), keys)
  }

  /**
   * Counts a hit as a failure: the value that was found is refused.
   *
   * @param resets - As it was when the hit was counted.
   */
  refuseHit(reason: unknown, resets: number): void {
    if (resets !== this.resets) return
    this.move(HITS, FAILED)
    this.#addError(codeOf(reason), 1)
  }

  /** Counts a hit as a miss: what was found is no value for the caller. As for `refuseHit`. */
  missHit(resets: number): void {
    if (resets === this.resets) this.move(HITS, MISSES)
  }

  /** Counts the failure of a call without keys. */
  failCall(reason: unknown): void {
    this.fail(reason)
    this.counts[KEYS]!--
  }

  #addError(code: string, keys: number): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + keys)
  }

  /** Takes failures that were counted for results: those of calls whose failures are absorbed. */
  absorb(isRead: boolean, keys = 1): void {
    this.move(FAILED, isRead ? MISSES : NOT_STORED, keys)
    this.counts[ABSORBED]! += keys
  }

  /** Counts a key of a write whose failure is absorbed. */
  addAbsorbed(codes: Iterable<string> = []): void {
    this.add(NOT_STORED)
    this.counts[ABSORBED]!++
    for (const code of codes) this.#addError(code, 1)
  }

  /** Takes keys out of one column and puts them into another: the caller sees something else than the server answered. */
  move(from: OutcomeColumn | typeof FAILED, to: OutcomeColumn | typeof FAILED, keys = 1): void {
    this.counts[from]! -= keys
    this.counts[to]! += keys
    this.outcome = undefined
  }

  /** Begins to count anew. */
  reset(): void {
    this.resets++
    this.counts.fill(0)
    this.errors.clear()
  }

  /** Adds the numbers of another tally. */
  merge({ counts, errors, server, outcome }: Tally): void {
    this.server = server
    this.outcome = outcome
    for (let column = 0; column < counts.length; column++) this.counts[column]! += counts[column]!
    for (const [code, keys] of errors) this.#addError(code, keys)
  }
}

function codeOf(reason: unknown): string {
  return reason instanceof MemcacheError ? reason.code : 'OTHER'
}

/** The most frequent outcomes first: each comparison is one of addresses. */
function columnOf(outcome: Outcome): OutcomeColumn {
  if (outcome === 'hit') return HITS
  if (outcome === 'miss') return MISSES
  return outcome === 'notStored' || outcome === 'exists' || outcome === 'notFound' ? NOT_STORED : STORED
}
