import { type ErrorDetails, type ErrorSubject, isOurs, type MemcacheError } from '../../errors.ts'
import type { Key, WireKey } from '../../protocol/key.ts'
import type { Operation } from '../../protocol/operation.ts'
import type { Patience } from '../../protocol/patience.ts'

/** The call that reads or stores a value in chunks, for the commands about its chunks. */
export interface ChunkCall {
  /** Key of the manifest. */
  readonly wireKey: WireKey
  readonly callerKey: Key
  /** Chooses the server of the chunks: that of the manifest. */
  readonly routingKey: Key
  readonly timeoutMs: number
  /** End of the time of every command; 0: each has the time of its own. */
  readonly deadline: number
  readonly patience: Patience | undefined
  readonly server: string | undefined
  readonly about: ErrorSubject
  /** Names the call in messages: `get "user:1"`. */
  readonly name: string
}

/** Returns the call that an operation carries out. */
export function callOf(operation: Operation): ChunkCall {
  const { key, callerKey, routingKey = callerKey, timeoutMs, deadline, patience, holder, about } = operation
  const name = operation.describe()
  return { wireKey: key, callerKey, routingKey, timeoutMs, deadline, patience, server: holder?.server, about, name }
}

type ErrorClass = new (message: string, details: ErrorDetails) => MemcacheError

/** Returns the failure of a command about a chunk as one of its call, with the command and key of the call. */
export function failureOf({ name, about }: ChunkCall, reason: unknown): unknown {
  if (!isOurs(reason)) return reason
  const { message, server, delivery } = reason
  return new (reason.constructor as ErrorClass)(`${name}: a part of the value: ${message}`, {
    server,
    delivery,
    cause: reason,
    ...about,
  })
}
