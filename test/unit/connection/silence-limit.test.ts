import { describe, expect, it } from 'vitest'
import { SilenceLimit } from '../../../src/connection/silence-limit.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { NO_CALLER, Patience } from '../../../src/protocol/patience.ts'
import { GET } from '../../../src/protocol/request.ts'

const NOW = 10_000

interface Caller {
  readonly timeoutMs: number
  /** By a signal it may leave; so long ago it came. */
  readonly cameAgo?: number
  /** So long ago it left. */
  readonly leftAgo?: number
  readonly quiet?: boolean
  readonly nobody?: boolean
}

function operationOf({ timeoutMs, cameAgo, leftAgo, quiet, nobody }: Caller): Operation {
  const operation = new Operation(GET, 'k', 'k', timeoutMs, () => undefined)
  if (cameAgo !== undefined) operation.patience = new Patience(NOW - cameAgo)
  if (leftAgo !== undefined) {
    operation.patience!.leave(NOW - leftAgo)
    operation.fail(new Error('left'))
  }
  if (nobody === true) operation.patience = NO_CALLER
  if (quiet === true) {
    operation.quiet = true
    operation.succeed(undefined)
  }
  return operation
}

/** @param silentMs - How long it has been silent. */
function limitOf(callers: readonly Caller[], silentMs: number): SilenceLimit {
  const limit = new SilenceLimit(250, NOW, silentMs)
  for (const caller of callers) limit.add(operationOf(caller))
  return limit
}

const forEver = Number.POSITIVE_INFINITY
/** Three that came one after the other and stayed 100 ms each. */
const run: readonly Caller[] = [300, 200, 100].map((cameAgo) => ({
  timeoutMs: forEver,
  cameAgo,
  leftAgo: cameAgo - 100,
}))

describe('the silence that a connection outlives', () => {
  it.each<[what: string, callers: readonly Caller[], silentMs: number, limitMs: number]>([
    ['is the longest timeout among those that wait', [{ timeoutMs: 400 }, { timeoutMs: 900 }], 300, 900],
    ['is never shorter than the least', [{ timeoutMs: 20 }], 300, 250],
    ['is what the callers of a run stayed', run, 300, 250],
    ['is no matter of those that came just now behind a run', [...run, { timeoutMs: forEver, cameAgo: 40 }], 300, 250],
    ['is that of a caller that stays longer than those', [...run, { timeoutMs: 5000, cameAgo: 290 }], 300, 5000],
    ['is that of a caller without a signal', [...run, { timeoutMs: 5000 }], 300, 5000],
    ['is no matter of what nobody waits for', [...run, { timeoutMs: forEver, nobody: true }], 300, 250],
    ['is no matter of quiet writes', [...run, { timeoutMs: forEver, quiet: true }], 300, 250],
    ['is that of quiet writes among themselves', [{ timeoutMs: 2000, quiet: true }], 300, 2000],
    ['is that of those that may leave while only one has', [run[0]!, { timeoutMs: 8000, cameAgo: 10 }], 300, 8000],
    ['is what one stayed that nobody came behind', [{ timeoutMs: forEver, cameAgo: 700, leftAgo: 100 }], 700, 600],
    ['is a second behind one that left at once', [{ timeoutMs: forEver, cameAgo: 700, leftAgo: 695 }], 700, 1000],
    [
      'is no matter of those that left before it began',
      Array.from({ length: 5 }, () => ({ timeoutMs: forEver, cameAgo: 900, leftAgo: 800 })),
      300,
      1000,
    ],
  ])('%s', (_, callers, silentMs, limitMs) => {
    expect(limitOf(callers, silentMs).ms).toBe(limitMs)
  })

  it('counts a batch as one caller, however many keys it has', () => {
    const patience = new Patience(NOW - 300)
    patience.leave(NOW - 200)
    const limit = new SilenceLimit(250, NOW, 300)
    for (let key = 0; key < 100; key++) {
      const operation = operationOf({ timeoutMs: forEver })
      operation.patience = patience
      limit.add(operation)
    }
    limit.add(operationOf({ timeoutMs: 7000, cameAgo: 10 }))
    expect(limit.ms).toBe(7000)
  })

  it('says nothing against the server where one or two alone have left', () => {
    expect(limitOf([run[0]!], 1500).isFlimsy).toBe(true)
    expect(limitOf(run, 1500).isFlimsy).toBe(false)
    expect(limitOf([run[0]!, { timeoutMs: 1200 }], 1500).isFlimsy).toBe(false)
  })
})
