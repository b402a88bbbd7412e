import { InvalidInputError } from '../errors.ts'
import { isRecord, refuseUnknown } from '../known-options.ts'
import type { Operation } from '../protocol/operation.ts'
import { isStore } from '../protocol/request.ts'
import { showValue } from '../show-value.ts'
import { MAX_TIMER_MS } from '../timer-limit.ts'
import type { MockCommand } from './mock-command.ts'
import {
  type MockDelayOptions,
  type MockError,
  type MockFailureOptions,
  type MockRule,
  type MockScope,
  ScopedRule,
} from './mock-rule.ts'

const SCOPE_OPTIONS: readonly (keyof MockScope)[] = ['command', 'key', 'times']
const NAMES: readonly unknown[] = ['down', 'timeout', 'closed', 'full']

/** Failure and delay of a command. */
export interface Mishap {
  /** Delay of its answer, in milliseconds. */
  readonly latencyMs: number
  readonly error: MockError | undefined
}

const NONE: Mishap = Object.freeze({ latencyMs: 0, error: undefined })

/** Failures and delays of a mock, by command and key. */
export class MockRules {
  readonly #failures: Set<ScopedRule<MockError>> = new Set()
  readonly #delays: Set<ScopedRule<number>> = new Set()

  fail(options: MockFailureOptions): MockRule {
    checkRule(options, ['error', ...SCOPE_OPTIONS], 'fail', "{ error: 'down' }")
    const { error, ...scope } = options
    if (!(error instanceof Error) && !NAMES.includes(error)) {
      throw new InvalidInputError(`error must be ${NAMES.join(', ')} or an Error; got ${showValue(error)}`)
    }
    return add(this.#failures, error, scope)
  }

  slow(options: MockDelayOptions): MockRule {
    checkRule(options, ['latencyMs', ...SCOPE_OPTIONS], 'slow', '{ latencyMs: 200 }')
    const { latencyMs, ...scope } = options
    if (typeof latencyMs !== 'number' || !(latencyMs >= 0 && latencyMs <= MAX_TIMER_MS)) {
      throw new InvalidInputError(
        `latencyMs must be a number of milliseconds from 0 to ${MAX_TIMER_MS}; got ${showValue(latencyMs)}`,
      )
    }
    return add(this.#delays, latencyMs, scope)
  }

  heal(): void {
    this.#failures.clear()
    this.#delays.clear()
  }

  /**
   * Returns the failure and delay of a command, and counts it for the deciding rules: the newest failure, all delays.
   */
  apply(operation: Operation): Mishap {
    if (this.#failures.size === 0 && this.#delays.size === 0) return NONE
    let latencyMs = 0
    for (const rule of this.#delays) {
      if (!rule.covers(operation)) continue
      latencyMs = Math.min(latencyMs + rule.effect, MAX_TIMER_MS)
      rule.use()
    }
    return { latencyMs, error: this.#use((rule) => rule.covers(operation) && concerns(rule.effect, operation)) }
  }

  /** Returns the failure and delay of a command that has no key. */
  applyKeyless(command: MockCommand): Mishap {
    let latencyMs = 0
    for (const rule of this.#delays) {
      if (!rule.coversKeyless(command)) continue
      latencyMs = Math.min(latencyMs + rule.effect, MAX_TIMER_MS)
      rule.use()
    }
    return { latencyMs, error: this.#use((rule) => rule.effect !== 'full' && rule.coversKeyless(command)) }
  }

  #use(covers: (rule: ScopedRule<MockError>) => boolean): MockError | undefined {
    const rule = [...this.#failures].findLast(covers)
    rule?.use()
    return rule?.effect
  }
}

/** Checks whether an error concerns the request: a server without memory refuses stores only. */
function concerns(error: MockError, { request }: Operation): boolean {
  return error !== 'full' || isStore(request) || (request.command === 'mg' && request.flags.vivify !== undefined)
}

/** Checks the options of a rule: a misspelt scope would match every command of every key. */
function checkRule(options: MockScope, known: readonly string[], method: string, example: string): void {
  if (!isRecord(options) || options instanceof Error) {
    throw new InvalidInputError(`${method} must be given an object such as ${example}, got ${showValue(options)}`)
  }
  refuseUnknown(options, known, method)
}

function add<T>(rules: Set<ScopedRule<T>>, effect: T, scope: MockScope): ScopedRule<T> {
  const rule = new ScopedRule(effect, scope, (one) => rules.delete(one))
  rules.add(rule)
  return rule
}
