import type { Command } from '../client/commands/command.ts'
import { readBigCount, readDeleted, readStored } from '../client/results.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import type { Interpret } from '../protocol/operation.ts'
import type { Reply } from '../protocol/reply.ts'
import { DELETE, GET, type Request } from '../protocol/request.ts'
import { encodeExptime } from '../ttl.ts'
import type { MakeStrict } from './strict-calls.ts'

/** A counter, as the meta protocol reads it. */
export interface Counter {
  readonly value: number
  /** Whole seconds left; -1: it does not expire. */
  readonly ttl: number
}

const readCounted: Interpret = (reply) => (reply.outcome === 'number' ? counterOf(reply, reply.digits()) : undefined)

const readCounter: Interpret = (reply) => {
  const value = reply.outcome === 'hit' ? reply.storedCounter() : undefined
  return value === undefined ? undefined : counterOf(reply, value)
}

/** For the classic protocol, which gives no time. */
const readPlainCounter: Interpret = (reply) => (reply.outcome === 'hit' ? reply.storedCounter() : undefined)

function counterOf(reply: Reply, value: bigint): Counter {
  return { value: Number(value), ttl: reply.ttl }
}

function make(request: Request, interpret: Interpret): MakeStrict {
  return (_parts, key, options): Omit<Command, 'kind'> => ({ request, key, interpret, instead: undefined, options })
}

/** Adds to a counter, in one round trip; makes it where there is none, unless `ttl` is undefined. Needs the meta protocol. */
export function addToCounter(by: number, ttl: number | undefined): MakeStrict {
  const flags = {
    mode: by < 0 ? 'decr' : 'incr',
    delta: BigInt(Math.abs(by)),
    vivify: ttl === undefined ? undefined : exptimeOf(ttl),
    // A counter of memcached is never below 0.
    initial: ttl === undefined ? undefined : BigInt(Math.max(0, by)),
    value: true,
    ttl: true,
  } as const
  return make({ command: 'ma', label: flags.mode, flags }, readCounted)
}

/** Adds to a counter that exists, in either protocol; gives `undefined` where there is none. */
export function addToPlainCounter(by: number): MakeStrict {
  return make({ command: by < 0 ? 'decr' : 'incr', delta: BigInt(Math.abs(by)) }, readBigCount)
}

/** Stores a counter: `set` in any case, `add` where there is none. */
export function storeCounter(command: 'set' | 'add', value: number, ttl: number): MakeStrict {
  const data = String(value)
  const request: StoreRequest = {
    command,
    data,
    bytes: data.length,
    // As those that the server makes.
    clientFlags: 0,
    exptime: exptimeOf(ttl),
    cas: 0n,
    preparing: undefined,
  }
  return make(request, readStored)
}

/** Reads a counter and its time. Needs the meta protocol. */
export const READ_COUNTER: MakeStrict = make(
  { command: 'mg', label: 'get', flags: { value: true, ttl: true } },
  readCounter,
)

/** Reads a counter in either protocol. */
export const READ_PLAIN_COUNTER: MakeStrict = make(GET, readPlainCounter)

/** Removes a counter. */
export const REMOVE_COUNTER: MakeStrict = make(DELETE, readDeleted)

/** Keeps a counter for so many seconds from now. */
export function touchCounter(ttl: number): MakeStrict {
  return make({ command: 'touch', exptime: exptimeOf(ttl) }, (reply) => reply.outcome === 'touched')
}

function exptimeOf(seconds: number): number {
  return encodeExptime(seconds, Date.now())
}
