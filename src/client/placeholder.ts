import { InvalidInputError, UnknownCommandError } from '../errors.ts'
import { type Interpret, Operation } from '../protocol/operation.ts'
import { isMetaPlaceholder } from '../protocol/placeholder.ts'
import { type Reply, Returned } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'

/** Gives back the win token of a stale item, which reading it by `mg` took. */
export type ReleaseWinToken = (operation: Operation, cas: bigint) => Promise<void>

/** Result of a second look at an item that was read empty, with client flags 0. */
export type EmptyItem =
  /** An empty value that a client stored. */
  | 'value'
  /** Holds the place of a value that is being loaded, or that was dropped. */
  | 'placeholder'
  /** Gone by now, or has a value. */
  | 'changed'

/** Takes that second look, within what is left of the first one's time. */
export type ProbeEmptyItem = (operation: Operation) => Promise<EmptyItem>

const LOOK: Request = Object.freeze({
  command: 'mg',
  label: 'a look at',
  flags: { noLruBump: true, clientFlags: true, cas: true, size: true },
} as const)

/**
 * Makes the function that tells a placeholder from an empty value. A meta server is asked. A text connection cannot ask,
 * and sends nothing: there an empty item with client flags 0 is a value: placeholders of text clients have client
 * flags of their own.
 */
export function createEmptyItemProbe(
  dispatch: (operation: Operation) => void,
  releaseWinToken: ReleaseWinToken,
): ProbeEmptyItem {
  const interpret: Interpret = (reply, operation) => {
    const found = emptyItemOf(reply)
    return reply.outcome === 'hit' && reply.has(Returned.won)
      ? releaseWinToken(operation, reply.cas()).then(() => found)
      : found
  }
  return (operation) =>
    new Promise((resolve, reject) => {
      const { key, callerKey } = operation
      const look = new Operation(LOOK, key, callerKey, timeLeft(operation), interpret)
      look.routingKey = operation.routingKey
      look.zone = operation.zone
      look.patience = operation.patience
      look.namesErrors = true
      look.resolve = resolve as (value: unknown) => void
      look.reject = (reason) => (saysText(reason) ? resolve('value') : reject(reason))
      dispatch(look)
    })
}

function emptyItemOf(reply: Reply): EmptyItem {
  if (reply.outcome !== 'hit') return 'changed'
  if (isMetaPlaceholder(reply, reply.valueSize)) return 'placeholder'
  return reply.valueSize === 0 ? 'value' : 'changed'
}

/** A millisecond at least: what is late fails by its deadline. */
function timeLeft({ deadline, timeoutMs }: Operation): number {
  return deadline === 0 ? timeoutMs : Math.max(1, deadline - performance.now())
}

/** Whether the error says that the connection speaks text, for good or for the present. */
function saysText(reason: unknown): boolean {
  return reason instanceof InvalidInputError || reason instanceof UnknownCommandError
}
