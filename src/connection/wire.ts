import type { Operation } from '../protocol/operation.ts'
import type { Reply, ReplyType } from '../protocol/reply.ts'
import type { Command, Request } from '../protocol/request.ts'
import type { ServerVersion } from '../protocol/server-version.ts'

/** Server that a wire leads to, as found by the handshake. */
export interface WireTarget {
  readonly server: string
  readonly protocol: 'meta' | 'text'
  readonly version: ServerVersion
  /** Key of the read sent instead of `version` in text, for a server that closes on `version`. */
  readonly probeKey?: string | undefined
}

/**
 * Protocol of one connection: every difference between the meta and the classic protocol, except plain reads, which
 * travel as classic `get` lines in both. Keeps the sequence numbers and no queue.
 */
export interface Wire {
  /** Type of the reply to the barrier after a quiet run. */
  readonly barrierReply: ReplyType
  /**
   * Whether the server skips the data block of a store refused with CLIENT_ERROR. If not, the block may be taken for
   * commands.
   */
  readonly skipsRefusedBlock: boolean
  /** Returns the request sent instead of this one; undefined if this one is sent. */
  replacementFor(request: Request): Request | undefined
  /** Returns why the wire cannot carry the command, for a message; undefined when it can. */
  whyNot(operation: Operation): string | undefined
  /** Encodes the command line, CR LF included, and sets the operation's opaque. The wire must be able to carry it. */
  encodeLine(operation: Operation): string
  /** Takes back the opaque of the operation encoded last: its line is not sent. */
  takeBack(operation: Operation): void
  /** Checks whether the reply carries the operation's opaque, and its key if the reply repeats one. */
  fits(reply: Reply, operation: Operation): boolean
  /** Checks whether the reply is the sign of life that the operation asked for by a read in its place. */
  isSignOfLife(reply: Reply, operation: Operation): boolean
  /** Returns the reply implied by the silence of a quiet command; undefined when silence says nothing. */
  impliedReply(command: Command): Reply | undefined
  /** Checks whether a server that closes where the answer to this command is due may not know the command. */
  mayCloseOn(command: Command): boolean
}

/** Checks whether the request asks only for a sign of life. */
export function isQuestion({ command }: Request): boolean {
  return command === 'version' || command === 'noop'
}
