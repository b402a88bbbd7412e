import type { Operation } from '../protocol/operation.ts'
import type { Reply, ReplyType } from '../protocol/reply.ts'
import type { Command, Request } from '../protocol/request.ts'
import type { ServerVersion } from '../protocol/server-version.ts'

/** Describes the server that a wire leads to, as the handshake found it. */
export interface WireTarget {
  readonly server: string
  readonly protocol: 'meta' | 'text'
  readonly version: ServerVersion
  /** Key of the read that takes the place of `version` in text, for a server that closes on `version`. */
  readonly probeKey?: string | undefined
}

/**
 * The protocol that one connection speaks: everything in which the meta and the classic protocol differ, except plain reads,
 * which travel as classic `get` lines in both. It keeps the sequence numbers and knows no queue.
 */
export interface Wire {
  /** Type of the reply to the barrier behind a quiet run. */
  readonly barrierReply: ReplyType
  /**
   * Whether the server passes over the data block of a store that it refused with CLIENT_ERROR. Where it does not, the block
   * may be taken for commands.
   */
  readonly skipsRefusedBlock: boolean
  /** Returns the request that travels in the place of this one; undefined when this one does. */
  replacementFor(request: Request): Request | undefined
  /** Returns why the wire cannot carry the command, for a message; undefined when it can. */
  whyNot(operation: Operation): string | undefined
  /** Encodes the command line, CR LF included, and gives the operation its opaque. The wire must be able to carry it. */
  encodeLine(operation: Operation): string
  /** Takes back the opaque of the operation that was encoded last: its line is not sent. */
  takeBack(operation: Operation): void
  /** Whether the reply carries the operation's opaque, and its key where it repeats one. */
  fits(reply: Reply, operation: Operation): boolean
  /** Whether the reply is the sign of life that the operation asked for by a read in its place. */
  isSignOfLife(reply: Reply, operation: Operation): boolean
  /** Returns the reply that the silence of a quiet command stands for; undefined when silence says nothing. */
  impliedReply(command: Command): Reply | undefined
  /** Whether a server that closes where the answer to this command is due may be one that does not know it. */
  mayCloseOn(command: Command): boolean
}

/** Whether the request asks for nothing but a sign of life. */
export function isQuestion({ command }: Request): boolean {
  return command === 'version' || command === 'noop'
}
