import type { CallResult, CommandChannelContext } from '../client/channel-contexts.ts'

/** Outcome of a key. */
export type KeyResult = 'hit' | 'miss' | 'stored' | 'not_stored' | 'failed'

/** Number of a call's keys by what came of them. */
export type KeyCounts = readonly (readonly [result: KeyResult, keys: number])[]

/** Counts the keys of a call that has ended, as `metrics()` of its client does. */
export function countKeys(context: CommandChannelContext): KeyCounts {
  if ('error' in context) return [['failed', countFailed(context)]]
  const { result, command, batchSize } = context
  // Writes without an answer have no known outcome, and calls to servers have no keys.
  if (result === undefined || command.startsWith('noreply.') || batchSize === 0) return []
  return typeof result === 'string' ? ofWord(result) : ofNumbers(result)
}

function ofWord(result: Extract<CallResult, string>): KeyCounts {
  switch (result) {
    case 'hit':
    case 'miss':
      return reads(Number(result === 'hit'), Number(result === 'miss'))
    case 'stored':
    case 'ok':
      return writes(1, 0)
    case 'notStored':
    case 'exists':
    case 'notFound':
      return writes(0, 1)
  }
}

function ofNumbers(result: Exclude<CallResult, string>): KeyCounts {
  return 'hits' in result ? reads(result.hits, result.misses) : writes(result.stored, result.notStored)
}

function reads(hits: number, misses: number): KeyCounts {
  return [
    ['hit', hits],
    ['miss', misses],
  ]
}

function writes(stored: number, notStored: number): KeyCounts {
  return [
    ['stored', stored],
    ['not_stored', notStored],
  ]
}

/** A batch of which a part failed names the keys; any other failure is one of all keys. */
function countFailed({ error, keys }: CommandChannelContext): number {
  if (error instanceof Error && 'failed' in error && error.failed instanceof Map) return error.failed.size
  return Math.max(new Set(keys).size, 1)
}

/** Number of a call's keys. */
export function countAll({ command, batchSize }: CommandChannelContext, counts: KeyCounts): number {
  return command.startsWith('noreply.') ? batchSize : counts.reduce((sum, [, keys]) => sum + keys, 0)
}
