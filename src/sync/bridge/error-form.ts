import * as errors from '../../errors.ts'
import type { MessageReader } from './message-reader.ts'
import { Tag } from './message-tags.ts'
import type { MessageWriter } from './message-writer.ts'

type ErrorClass = new (message: string, details?: errors.ErrorDetails) => errors.MemcacheError

/** Classes whose errors cross as instances of their class, by name. */
const CLASSES: ReadonlyMap<string, ErrorClass> = new Map(
  Object.entries(errors as unknown as Record<string, ErrorClass>).filter(
    ([name]) => name !== 'MemcacheError' && name !== 'BatchError',
  ),
)

/** Errors of calls: their stack begins in the middle of the bridge, or of the direct way. */
const callErrors: WeakSet<Error> = new WeakSet()

/** Makes the stack of an error marked by {@link markCallError} begin at the caller of `called`. */
export function atCaller(error: unknown, called: (...args: never[]) => unknown): unknown {
  // Any value can be thrown, even a proxy: do not read it.
  if (callErrors.delete(error as Error)) Error.captureStackTrace(error as Error, called)
  return error
}

/** Writes an error: memlane's own with all its properties, others with name, message, code and stack. */
export function writeError(error: Error, writer: MessageWriter): void {
  writer.byte(Tag.error)
  writer.text(error.name)
  writer.text(error.message)
  writer.value(error.cause)
  if (!(error instanceof errors.MemcacheError)) {
    writer.byte(0)
    writer.value((error as NodeJS.ErrnoException).code)
    writer.value(error.stack)
    return
  }
  writer.byte(1)
  writer.value(error.server)
  writer.value(error.delivery)
  writer.value(error.command)
  writer.value(error.key)
  if (!(error instanceof errors.BatchError)) return
  writer.value(error.found)
  writer.value(error.done)
  writer.value(error.failed)
}

/** Reads an error. memlane's own get the stack of the reader: the caller's. */
export function readError(reader: MessageReader): Error {
  const name = reader.text()
  const message = reader.text()
  const cause = reader.value()
  if (reader.byte() === 0) return foreignError(name, message, cause, reader.value(), reader.value())
  const server = reader.value() as string | undefined
  const delivery = reader.value() as errors.Delivery
  const command = reader.value() as string | undefined
  const key = reader.value() as string | undefined
  const details = { server, delivery, cause, command, key }
  if (name !== 'BatchError') return markCallError(new (CLASSES.get(name)!)(message, details))
  const found = reader.value() as Map<unknown, unknown>
  const done = reader.value() as unknown[]
  const failed = reader.value() as Map<unknown, unknown>
  return markCallError(new errors.BatchError(message, { found, done, failed }, details))
}

/** Marks the error of a call, wherever it was made. */
export function markCallError<E extends Error>(error: E): E {
  callErrors.add(error)
  return error
}

/** Returns the error of a command that was written before, and whose last attempt reports that nothing was sent. */
export function inDoubt(name: string, error: unknown): unknown {
  if (!(error instanceof errors.MemcacheError) || error.delivery !== 'not-sent') return error
  const message = `${name}: it was written, its connection was lost, and then: ${error.message}`
  const { server, command, key } = error
  const details = { server, delivery: 'unknown', cause: error, command, key } as const
  return markCallError(new errors.ConnectionClosedError(message, details))
}

function foreignError(name: string, message: string, cause: unknown, code: unknown, stack: unknown): Error {
  const kind = FOREIGN.get(name) ?? Error
  const error = new kind(message, cause === undefined ? undefined : { cause })
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, configurable: true })
  if (code !== undefined) Object.assign(error, { code })
  if (typeof stack === 'string') error.stack = stack
  return error
}

const FOREIGN: ReadonlyMap<string, ErrorConstructor> = new Map<string, ErrorConstructor>([
  ['TypeError', TypeError],
  ['RangeError', RangeError],
  ['SyntaxError', SyntaxError],
])
