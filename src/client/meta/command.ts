import { InvalidInputError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import type { Interpret } from '../../protocol/operation.ts'
import { type Reply, Returned } from '../../protocol/reply.ts'
import type { Command } from '../commands/command.ts'
import type { Values } from '../values.ts'
import type { MetaOptions } from './options.ts'
import type { MetaEcho, MetaLease } from './results.ts'

/** Parts of a client, or of a pipeline, that make its meta commands. */
export interface MetaContext {
  readonly values: Values
  /** Reads the reply to a `get` without options. */
  readonly readValue: Interpret
  /** Successes are not answered: what would need an answer is refused. */
  readonly quiet: boolean
}

/** A command, with what a pipeline needs to know of it. */
export interface MetaCommand extends Command {
  readonly options: MetaOptions | undefined
  readonly echo: MetaEcho
  /** Whether the command has a quiet form. */
  readonly mayBeQuiet: boolean
}

/** Of a call that wants nothing of itself in its result. */
export const NO_ECHO: MetaEcho = Object.freeze({})

/** Returns the parts of the call that the result carries. */
export function echoOf(key: Key, options: MetaOptions | undefined): MetaEcho {
  if (options === undefined || (options.returnKey !== true && options.opaque === undefined)) return NO_ECHO
  return {
    ...(options.returnKey === true ? { key } : {}),
    ...(options.opaque === undefined ? {} : { opaque: options.opaque }),
  }
}

/** Returns the state of the win token. */
export function leaseOf(reply: Reply): MetaLease {
  return {
    stale: reply.has(Returned.stale),
    won: reply.has(Returned.won),
    alreadyWon: reply.has(Returned.alreadyWon),
  }
}

/** Seconds left, as results give them. */
export function ttlOf(reply: Reply): number {
  return reply.ttl === -1 ? Number.POSITIVE_INFINITY : reply.ttl
}

/** A quiet success is not answered: nothing can be asked of it. */
export function refuseReturns(quiet: boolean, options: object | undefined): void {
  if (!quiet || options === undefined) return
  for (const [name, value] of Object.entries(options)) {
    if (value === true && name.startsWith('return') && name !== 'returnKey') {
      throw new InvalidInputError(`option ${name} cannot be had from a quiet pipeline: it does not answer successes`)
    }
  }
}
