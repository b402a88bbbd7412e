import type { Outcome, Reply, ReplyType } from './reply.ts'
import type { Command } from './request.ts'

type Fitting = Readonly<Partial<Record<ReplyType, Outcome>>>

const STORE: Fitting = {
  STORED: 'stored',
  NOT_STORED: 'notStored',
  EXISTS: 'exists',
  NOT_FOUND: 'notFound',
  HD: 'stored',
  NS: 'notStored',
  EX: 'exists',
  NF: 'notFound',
}
const READ: Fitting = { VALUE: 'hit', VA: 'hit', EN: 'miss' }
const COUNT: Fitting = {
  NUMBER: 'number',
  VA: 'number',
  NOT_FOUND: 'notFound',
  NF: 'notFound',
  NS: 'notStored',
  EX: 'exists',
}

/** For every command the replies that can answer it, in either protocol, and what each of them means. */
const FITTING: Readonly<Record<Command, Fitting>> = {
  get: READ,
  gets: READ,
  set: STORE,
  add: STORE,
  cas: STORE,
  delete: { DELETED: 'deleted', NOT_FOUND: 'notFound', HD: 'deleted', NF: 'notFound', EX: 'exists' },
  incr: COUNT,
  decr: COUNT,
  touch: { TOUCHED: 'touched', NOT_FOUND: 'notFound', HD: 'touched', EN: 'notFound', NF: 'notFound' },
  version: { VERSION: 'version' },
  noop: { MN: 'pong', VERSION: 'pong' },
}

/** Says what the reply means for the command, in `reply.outcome`; false when it cannot be an answer to it at all. */
export function interpretReply(command: Command, reply: Reply): boolean {
  const outcome = FITTING[command][reply.type]
  if (outcome === undefined) return false
  reply.outcome = outcome
  return true
}
