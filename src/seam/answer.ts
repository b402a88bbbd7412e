import { Buffer } from 'node:buffer'
import { InvalidInputError, keepError, SerdeError } from '../errors.ts'
import type { Interpret, Operation } from '../protocol/operation.ts'
import { MISS, Reply, Returned } from '../protocol/reply.ts'
import { defaultSerde } from '../serde/default-serde.ts'
import { showValue } from '../show-value.ts'
import type { Operation as PublicOperation } from './operation.ts'
import { operationOf } from './operation-view.ts'

/**
 * Answer to a read: `'miss'`; or a value, which goes through the serde of the call as if it had been stored, so that
 * each caller gets a copy of its own; or bytes as a server would have them, with their client flags.
 *
 * @experimental
 */
export type Answer =
  | 'miss'
  | ({ readonly value: unknown } & AnswerDetails)
  | ({ readonly data: string | Uint8Array; readonly clientFlags: number } & AnswerDetails)

/**
 * Properties of an item that an {@link Answer} may name.
 *
 * @experimental
 */
export interface AnswerDetails {
  /** Number for `cas`. @defaultValue `0n`: this server keeps none */
  readonly cas?: bigint
  /** Time left, in seconds. @defaultValue `Infinity` */
  readonly ttl?: number
}

/**
 * Settles a read without asking a server. Throws `InvalidInputError` for a write, which only a server can carry out.
 *
 * @experimental
 */
export function answer(operation: PublicOperation, found: Answer): void {
  const inner = operationOf(operation, 'answer')
  if (!isRead(inner)) {
    throw new InvalidInputError(`answer() is for reads; ${inner.describe()} needs a server: dispatch it, or fail() it`)
  }
  if (found === 'miss') return inner.settle(missFor(inner))
  if (typeof found !== 'object' || found === null || !('value' in found || 'data' in found)) {
    throw new InvalidInputError(`answer() takes 'miss', { value } or { data, clientFlags }, got ${showValue(found)}`)
  }
  let reply: Reply
  try {
    reply = hitFor(inner, found)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    return inner.fail(
      new SerdeError(`${inner.describe()}: the answer of middleware cannot be read: ${why}`, {
        delivery: 'not-sent',
        cause,
      }),
    )
  }
  inner.settle(reply)
}

/**
 * Settles an operation with a failure: the call rejects with `error`, or gives what its options make of a failure. An error
 * that is no `MemcacheError` is never absorbed by the option `failures`.
 *
 * @experimental
 */
export function fail(operation: PublicOperation, error: unknown): void {
  keepError(error)
  operationOf(operation, 'fail').fail(error)
}

const LINE_READS: ReadonlySet<string> = new Set(['get', 'gets', 'gat', 'gats'])

function isRead({ request }: Operation): boolean {
  return request.command === 'mg' || LINE_READS.has(request.command)
}

function missFor({ request }: Operation): Reply {
  if (request.command !== 'mg') return MISS
  const reply = new Reply()
  reply.type = 'EN'
  return reply
}

/** A reply as if it had come from a server: the digits of the cas number, then the data. */
function hitFor(operation: Operation, found: Exclude<Answer, 'miss'>): Reply {
  const { request, interpret, callerKey } = operation
  const serialize = interpret.serialize ?? serializeByDefault
  const { data, clientFlags } = 'data' in found ? found : serialize(found.value, callerKey)
  const block = typeof data === 'string' ? Buffer.from(data, 'utf8') : data
  const cas = found.cas === undefined || found.cas === 0n ? '' : String(found.cas)
  const reply = new Reply()
  reply.type = request.command !== 'mg' ? 'VALUE' : request.flags.value === true ? 'VA' : 'HD'
  reply.outcome = 'hit'
  reply.bytes = Buffer.concat([Buffer.from(cas, 'latin1'), block])
  reply.casEnd = cas.length
  reply.start = cas.length
  reply.end = reply.bytes.length
  reply.size = block.byteLength
  reply.valueSize = block.byteLength
  reply.clientFlags = clientFlags
  reply.ttl = found.ttl === undefined || found.ttl === Number.POSITIVE_INFINITY ? -1 : found.ttl
  reply.returned =
    Returned.ttl | Returned.lastAccess | Returned.hitBefore | Returned.size | Returned.cas | Returned.clientFlags
  reply.startChunk(0, reply.bytes.length)
  return reply
}

/** For calls that read no value: `has`, `inspect`. */
const serializeByDefault: NonNullable<Interpret['serialize']> = (value, key) => defaultSerde.serialize(value, key)
