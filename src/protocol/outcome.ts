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

/** For every command the replies that can answer it, in either protocol, and what each of them means. */
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
 * Says what the reply means for the command, in `reply.outcome`; false when it cannot be an answer to it at all: of
 * another kind, or a counter that is no number.
 */
export function interpretReply(command: Command, reply: Reply): boolean {
  const outcome = FITTING[command][reply.type]
  if (outcome === undefined || (outcome === 'number' && !reply.isNumber())) return false
  reply.outcome = outcome
  return true
}

/**
 * Whether the reply is a bare HD although the request asked for a value: there is nothing in it to read.
 *
 * @param quiet - A quiet `ma` asks for no value, whatever its flags say.
 */
function lacksValue(request: Request, quiet: boolean, reply: Reply): boolean {
  if (reply.type !== 'HD') return false
  if (request.command === 'ma') return !quiet && request.flags.value === true
  return request.command === 'mg' && request.flags.value === true && request.flags.unlessCas === undefined
}

/** Says what the reply means for the operation, in `reply.outcome`; false when it cannot be an answer to it. */
export function answersOperation(reply: Reply, operation: Operation): boolean {
  return interpretReply(operation.command, reply) && !lacksValue(operation.request, operation.quiet, reply)
}

/** Whether a large data block can be an answer to the command: no counter is so long. */
export function mayAnswerLargeBlock(command: Command, reply: Reply): boolean {
  return FITTING[command][reply.type] === 'hit'
}

/** What each meta command leaves unsaid when it is quiet (protocol.txt, flag `q`). */
const UNSAID: Readonly<Partial<Record<Command, Reply>>> = {
  mg: unsaid('mg', 'EN'),
  ms: unsaid('ms', 'HD'),
  md: unsaid('md', 'HD'),
  ma: unsaid('ma', 'HD'),
}

/** The reply that the silence of a quiet meta command stands for; undefined for commands that have no quiet form. */
export function impliedReply(command: Command): Reply | undefined {
  return UNSAID[command]
}

function unsaid(command: Command, type: ReplyType): Reply {
  const reply = new Reply()
  reply.type = type
  interpretReply(command, reply)
  return reply
}
