import { Buffer } from 'node:buffer'
import type { KeylessCommand } from '../client/own-calls.ts'
import { readBigCount, readDeleted, readStored } from '../client/results.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import type { Interpret } from '../protocol/operation.ts'
import type { Reply } from '../protocol/reply.ts'
import { DELETE, GET } from '../protocol/request.ts'
import type { Serde } from '../serde/serde.ts'
import { encodeExptime } from '../ttl.ts'

/** A command on a counter, whose key is not known yet. */
export type CounterCommand = KeylessCommand

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

/** Adds to a counter, in one round trip; makes it where there is none, unless `ttl` is undefined. Needs the meta protocol. */
export function addToCounter(by: number, ttl: number | undefined): CounterCommand {
  const flags = {
    mode: by < 0 ? 'decr' : 'incr',
    delta: BigInt(Math.abs(by)),
    vivify: ttl === undefined ? undefined : exptimeOf(ttl),
    // A counter of memcached is never below 0.
    initial: ttl === undefined ? undefined : BigInt(Math.max(0, by)),
    value: true,
    ttl: true,
  } as const
  return { request: { command: 'ma', label: flags.mode, flags }, interpret: readCounted }
}

/** Count of a counter that the command creates where it can. */
export interface CreatedCount {
  /** Undefined: there is no counter, and a text connection cannot create one by counting. */
  readonly value: bigint | undefined
  /** Whether a text connection carried the command. */
  readonly isText: boolean
}

const readCreated: Interpret = (reply, { command }): CreatedCount => ({
  value: reply.outcome === 'number' ? reply.digits() : undefined,
  isText: command === 'incr',
})

/** Counts a hit; makes the counter where there is none and the connection speaks meta. */
export function countAndCreate(ttl: number): CounterCommand {
  const flags = { mode: 'incr', delta: 1n, vivify: exptimeOf(ttl), initial: 1n, value: true } as const
  return {
    request: { command: 'ma', label: 'incr', flags, text: { command: 'incr', delta: 1n } },
    interpret: readCreated,
  }
}

/** Adds to a counter that exists, in either protocol; gives `undefined` where there is none. */
export function addToPlainCounter(by: number | bigint): CounterCommand {
  const delta = BigInt(by)
  const request = delta < 0n ? ({ command: 'decr', delta: -delta } as const) : ({ command: 'incr', delta } as const)
  return { request, interpret: readBigCount }
}

/** Stores a counter: `set` in any case, `add` where there is none. */
export function storeCounter(command: 'set' | 'add', value: number, ttl: number): CounterCommand {
  const data = String(value)
  const request: StoreRequest = {
    command,
    data,
    bytes: data.length,
    // The server gives 0 to the counters that it creates.
    clientFlags: 0,
    exptime: exptimeOf(ttl),
    cas: 0n,
    preparing: undefined,
  }
  return { request, interpret: readStored }
}

/** Reads a counter and its time. Needs the meta protocol. */
export const READ_COUNTER: CounterCommand = {
  request: { command: 'mg', label: 'get', flags: { value: true, ttl: true } },
  interpret: readCounter,
}

/** Reads a counter in either protocol. */
export const READ_PLAIN_COUNTER: CounterCommand = { request: GET, interpret: readPlainCounter }

/** Reads counters in batches. */
export const COUNTER_SERDE: Serde = {
  serialize: (value) => ({ data: String(value), clientFlags: 0 }),
  // Not by `BigInt` alone, which takes nothing for 0; `decr` leaves spaces.
  deserialize: (data) => {
    const digits = Buffer.from(data).toString('latin1').trimEnd()
    if (/^\d+$/.test(digits)) return BigInt(digits)
    throw new Error('it is no counter')
  },
}

/** Removes a counter. */
export const REMOVE_COUNTER: CounterCommand = { request: DELETE, interpret: readDeleted }

/** Keeps a counter for so many seconds from now. */
export function touchCounter(ttl: number): CounterCommand {
  return { request: { command: 'touch', exptime: exptimeOf(ttl) }, interpret: (reply) => reply.outcome === 'touched' }
}

function exptimeOf(seconds: number): number {
  return encodeExptime(seconds, Date.now())
}
