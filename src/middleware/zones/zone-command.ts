import { Buffer } from 'node:buffer'
import { type ErrorDetails, MemcacheError, ServerDownError, ServerError } from '../../errors.ts'
import { messageOf } from '../../message-of.ts'
import { type Interpret, Operation } from '../../protocol/operation.ts'
import { isStore, type Request } from '../../protocol/request.ts'
import type { Zone } from './zone.ts'

/** Makes the operation by which a zone carries out its part of a command. An abort of the call does not end it. */
export function zoneOperation(
  outer: Operation,
  zone: Zone,
  request: Request = outer.request,
  interpret: Interpret = outer.interpret,
): Operation {
  const operation = new Operation(request, outer.key, outer.callerKey, outer.timeoutMs, interpret)
  operation.deadline = outer.deadline
  operation.routingKey = outer.routingKey
  operation.homeOnly = outer.homeOnly
  operation.patience = outer.patience
  operation.zone = zone
  return operation
}

/** Returns a request with bytes of its own: the call may settle, and its caller use the bytes again, before all zones have them. */
export function withOwnBody(request: Request): Request {
  return isStore(request) && typeof request.data !== 'string'
    ? { ...request, data: Buffer.from(request.data) }
    : request
}

/** Whether a failure says that the zone's server for the key is out, and that nothing was sent to it. */
export function isOut(reason: MemcacheError): boolean {
  return reason.delivery === 'not-sent' && OUT.has(reason.code)
}

const OUT: ReadonlySet<string> = new Set(['MEMLANE_SERVER_DOWN', 'MEMLANE_CONNECT', 'MEMLANE_AUTH', 'MEMLANE_CLOSED'])

type ErrorClass = new (message: string, details: ErrorDetails) => MemcacheError

/** Returns the failure of a zone as that of a call which another zone may have carried out. */
export function inDoubt(error: MemcacheError, operation: Operation): MemcacheError {
  if (error.delivery === 'unknown') return error
  return new (error.constructor as ErrorClass)(`${error.message}; another zone may have carried it out`, {
    server: error.server,
    delivery: 'unknown',
    cause: error,
    ...operation.about,
  })
}

/** The error for a zone that is not read because it may have an older value. */
export function outdatedError(operation: Operation, zone: Zone): MemcacheError {
  return new ServerDownError(
    `${operation.describe()}: the zone ${JSON.stringify(zone.name)} may have an older value, which is being removed`,
    { delivery: 'not-sent', ...operation.about },
  )
}

/** Returns why a zone failed. The middleware of a client that is a zone may fail commands with anything. */
export function zoneError(reason: unknown, zone: Zone): MemcacheError {
  if (reason instanceof MemcacheError) return reason
  const message = `the zone ${JSON.stringify(zone.name)} failed: ${messageOf(reason)}`
  return new ServerError(message, { delivery: 'unknown', cause: reason })
}

/** Drops a result that no caller gets; if it is still being made, its failure is not reported either. */
export function drop(value: unknown): void {
  if (value instanceof Promise) value.catch(() => undefined)
}
