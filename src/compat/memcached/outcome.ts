import {
  BatchError,
  ClientError,
  ConnectError,
  MemcacheError,
  OverloadedError,
  ServerDownError,
  ServerError,
  UnknownCommandError,
  ValueTooLargeError,
} from '../../errors.ts'
import { messageOf } from '../../message-of.ts'

/** Arguments of a callback. */
export interface Outcome {
  readonly error: Error | undefined
  readonly value: unknown
}

/** Returns the outcome of a command that was answered. */
export function success(value: unknown): Outcome {
  return { error: undefined, value }
}

/** Returns the outcome of a command that the server refused. */
export function refusal(message: string): Outcome {
  return { error: new Error(message), value: false }
}

/** Returns the outcome of a store: a refused one is an error. */
export function stored(isStored: boolean): Outcome {
  if (isStored) return success(true)
  return { error: Object.assign(new Error('Item is not stored'), { notStored: true }), value: false }
}

/** Returns the outcome of a command that failed: `false` where the server answered, `undefined` where it did not. */
export function failure(reason: unknown): Outcome {
  const wasAnswered = reason instanceof MemcacheError && reason.delivery === 'answered'
  return { error: errorFor(reason), value: wasAnswered ? false : undefined }
}

/** Returns the error for a callback: its message is that of the package, its cause the error of the client. */
export function errorFor(reason: unknown): Error {
  const cause = reason instanceof BatchError ? firstOf(reason) : reason
  return new Error(textOf(cause), { cause })
}

function firstOf(error: BatchError): unknown {
  const [first = error] = error.failed.values()
  return first
}

function textOf(reason: unknown): string {
  if (reason instanceof ServerDownError && reason.server !== undefined)
    return `Server at ${reason.server} not available`
  if (reason instanceof ConnectError) return rootText(reason.cause) ?? reason.message
  if (reason instanceof OverloadedError) return 'over queue limit'
  if (reason instanceof UnknownCommandError && reason.delivery === 'answered') return 'Received an ERROR response'
  if (reason instanceof ClientError || reason instanceof ServerError || reason instanceof ValueTooLargeError)
    return wordsOf(reason.message)
  return messageOf(reason)
}

/** Returns what the server said: `SERVER_ERROR out of memory` without its first word. */
function wordsOf(message: string): string {
  return /(?:CLIENT|SERVER)_ERROR ([^)]*)/.exec(message)?.[1] ?? message
}

/** Returns what the system said: `connect ECONNREFUSED 127.0.0.1:11211`. Of several addresses, the last. */
function rootText(cause: unknown): string | undefined {
  if (cause instanceof AggregateError) return rootText(cause.errors.at(-1))
  if (cause instanceof ConnectError) return rootText(cause.cause) ?? cause.message
  return cause instanceof Error && cause.message !== '' ? cause.message : undefined
}

/** Returns what the log of a server's failures says, as the package writes it. */
export function issueText(reason: unknown): string {
  return `Error: ${textOf(reason)}`
}
