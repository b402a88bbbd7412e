import { InvalidInputError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import type { Interpret } from '../../protocol/operation.ts'
import { type Reply, Returned } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { FailureKind } from '../dispatcher.ts'
import type { MetaOptions } from './options.ts'
import type { MetaEcho, MetaLease } from './results.ts'

/** A call made into what is to be sent and how its reply is read. */
export interface MetaCommand {
  readonly request: Request
  readonly key: Key
  readonly interpret: Interpret
  /** Which failures may be absorbed, and what the call gives then. */
  readonly kind: FailureKind
  readonly instead: unknown
  readonly options: MetaOptions | undefined
  readonly echo: MetaEcho
  /** It has a quiet form. */
  readonly mayBeQuiet: boolean
}

const NO_ECHO: MetaEcho = Object.freeze({})

/** What the result carries of the call. */
export function echoOf(key: Key, options: MetaOptions | undefined): MetaEcho {
  if (options === undefined || (options.returnKey !== true && options.opaque === undefined)) return NO_ECHO
  return {
    ...(options.returnKey === true ? { key } : {}),
    ...(options.opaque === undefined ? {} : { opaque: options.opaque }),
  }
}

/** Who has the win token. */
export function leaseOf(reply: Reply): MetaLease {
  return {
    stale: reply.has(Returned.stale),
    won: reply.has(Returned.won),
    alreadyWon: reply.has(Returned.alreadyWon),
  }
}

/** Seconds left, as results tell them. */
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
