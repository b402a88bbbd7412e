import type { Operation } from './operation.ts'
import { type Outcome, Reply, type ReplyType } from './reply.ts'
import type { Command, Request } from './request.ts'

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

/** Replies that can answer each command, in either protocol, and the meaning of each. */
const FITTING: Readonly<Record<Command, Fitting>> = {
  get: READ,
  gets: READ,
  gat: READ,
  gats: READ,
  set: STORE,
  add: STORE,
  replace: STORE,
  append: STORE,
  prepend: STORE,
  cas: STORE,
  delete: { DELETED: 'deleted', NOT_FOUND: 'notFound', HD: 'deleted', NF: 'notFound', EX: 'exists' },
  incr: COUNT,
  decr: COUNT,
  touch: { TOUCHED: 'touched', NOT_FOUND: 'notFound', HD: 'touched', EN: 'notFound', NF: 'notFound' },
  mg: { VA: 'hit', HD: 'hit', EN: 'miss' },
  ms: STORE,
  md: { HD: 'deleted', NF: 'notFound', EX: 'exists' },
  ma: { HD: 'done', VA: 'number', NF: 'notFound', NS: 'notStored', EX: 'exists' },
  me: { ME: 'hit', EN: 'miss' },
  version: { VERSION: 'version' },
  noop: { MN: 'pong', VERSION: 'pong' },
}

/**
 * Sets `reply.outcome` to the meaning of the reply for the command; returns false if the reply cannot be an answer: of
 * another kind, or a counter that is no number.
 */
export function interpretReply(command: Command, reply: Reply): boolean {
  const outcome = FITTING[command][reply.type]
  if (outcome === undefined || (outcome === 'number' && !reply.isNumber())) return false
  reply.outcome = outcome
  return true
}

/**
 * Checks whether the reply is a bare HD although the request asked for a value: there is no value to read.
 *
 * @param quiet - A quiet `ma` asks for no value, whatever its flags.
 */
function lacksValue(request: Request, quiet: boolean, reply: Reply): boolean {
  if (reply.type !== 'HD') return false
  if (request.command === 'ma') return !quiet && request.flags.value === true
  return request.command === 'mg' && request.flags.value === true && request.flags.unlessCas === undefined
}

/** Sets `reply.outcome` to the meaning of the reply for the operation; returns false if it cannot be an answer. */
export function answersOperation(reply: Reply, operation: Operation): boolean {
  return interpretReply(operation.command, reply) && !lacksValue(operation.request, operation.quiet, reply)
}

/** Checks whether a large data block can be an answer to the command: no counter is so long. */
export function mayAnswerLargeBlock(command: Command, reply: Reply): boolean {
  return FITTING[command][reply.type] === 'hit'
}

/** Reply that each meta command omits when it is quiet (protocol.txt, flag `q`). */
const UNSAID: Readonly<Partial<Record<Command, Reply>>> = {
  mg: unsaid('mg', 'EN'),
  ms: unsaid('ms', 'HD'),
  md: unsaid('md', 'HD'),
  ma: unsaid('ma', 'HD'),
}

/** Returns the reply implied by the silence of a quiet meta command; undefined for commands without a quiet form. */
export function impliedReply(command: Command): Reply | undefined {
  return UNSAID[command]
}

function unsaid(command: Command, type: ReplyType): Reply {
  const reply = new Reply()
  reply.type = type
  interpretReply(command, reply)
  return reply
}
