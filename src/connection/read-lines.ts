import type { MemcacheError, ProtocolError } from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'
import { MISS, type Reply } from '../protocol/reply.ts'
import { keyMatches } from '../protocol/reply-key.ts'
import { isGat } from '../protocol/request.ts'
import { serverReplyError } from '../protocol/server-reply-error.ts'
import type { ServerVersion } from '../protocol/server-version.ts'
import { desyncError } from './out-of-step.ts'
import type { OutgoingBatch } from './outgoing-batch.ts'
import { type LineLimits, type LineRequest, ReadLine } from './read-line.ts'
import type { SentQueue } from './sent-queue.ts'
import type { Settler } from './settler.ts'
import type { UnknownCommands } from './unknown-commands.ts'

/** The server and the limits that read lines are made for. */
export interface ReadLinesInit {
  readonly server: string
  readonly version: ServerVersion
  /** Limits of a shared line; undefined: every read travels on a line of its own. */
  readonly coalesce: LineLimits | undefined
  readonly unknownCommands: UnknownCommands
}

/**
 * The plain reads, which travel as classic `get k1 k2` lines in either protocol: puts neighbours on one line, and gives each
 * value of the line at the head of the queue to the read of its key. END turns the rest of the line to misses.
 *
 * Entries of the queue that are `inLine` are marked (`endsLine`, `answered`), matched and settled here and nowhere else.
 */
export class ReadLines {
  readonly #init: ReadLinesInit
  readonly #line: ReadLine
  readonly #sent: SentQueue
  readonly #settler: Settler
  /** Entry that was added to the open line last. */
  #last: Operation | undefined
  /** Position in the line at the head where the next value is expected. */
  #cursor = 0
  /** Reads that shared a refused line and may be asked again, each alone. */
  readonly again: Operation[] = []

  constructor(init: ReadLinesInit, batch: OutgoingBatch, sent: SentQueue, settler: Settler) {
    this.#init = init
    this.#line = new ReadLine(batch, init.coalesce, init.version)
    this.#sent = sent
    this.#settler = settler
  }

  /** Adds a read to the open line, or begins a line with it. When it throws, nothing of the read was added. */
  add(operation: Operation, request: LineRequest, mayShare: boolean): void {
    const last = this.#last
    const mayJoin = mayShare && last !== undefined && !operation.alone && !last.alone
    if (!this.#line.add(operation.key, request, mayJoin) && last !== undefined) last.endsLine = true
    this.#last = operation
    operation.inLine = true
    this.#sent.push(operation)
  }

  /** Ends the open line, if there is one. */
  close(): void {
    if (this.#last === undefined) return
    this.#line.close()
    this.#last.endsLine = true
    this.#last = undefined
  }

  /** Returns the read of the line at the head that a VALUE answers: the next one, or another if a proxy reordered. */
  find(reply: Reply): Operation | undefined {
    if (this.#sent.length === 0 || !this.#sent.at(0).inLine) return undefined
    let position = this.#cursor
    for (;;) {
      const read = this.#sent.at(position)
      if (!read.answered && keyMatches(reply, read.key)) {
        if (!read.endsLine) this.#cursor = position + 1
        return read
      }
      if (read.endsLine) break
      position++
    }
    for (position = 0; position < this.#cursor; position++) {
      const read = this.#sent.at(position)
      if (!read.answered && keyMatches(reply, read.key)) return read
    }
    return undefined
  }

  /**
   * Gives a value to the read that it answers.
   *
   * @param owner - The read that was found when the value's header came.
   * @returns why the connection cannot go on, or undefined while it can.
   */
  receiveValue(reply: Reply, owner: Operation | undefined): ProtocolError | undefined {
    const read = owner ?? this.find(reply)
    if (read === undefined) {
      return desyncError(this.#init.server, reply, 'a value under a key that was not asked for')
    }
    read.answered = true
    reply.outcome = 'hit'
    this.#settler.settle(reply, read)
    return undefined
  }

  /**
   * Takes the line at the head off the queue by its END: reads without a value are misses.
   *
   * @returns why the connection cannot go on, or undefined while it can.
   */
  receiveEnd(reply: Reply): ProtocolError | undefined {
    if (reply.opaque !== -1) return desyncError(this.#init.server, reply, 'not an answer to a read')
    if (isGat(this.#sent.at(0).command)) this.#init.unknownCommands.answered('gat')
    this.#cursor = 0
    for (;;) {
      const read = this.#sent.shift()
      if (!read.answered) this.#settler.settle(MISS, read)
      if (read.endsLine) return undefined
    }
  }

  /** Whether the line at the head is shared by several reads. */
  get isShared(): boolean {
    return !this.#sent.at(0).endsLine
  }

  /**
   * Takes a shared line off the queue by an error line in the place of values. Servers frame it in three ways (memcached: it
   * replaces the whole reply; its proxy: one per key, then END; twemproxy: one, then it closes), so the connection ends.
   * Reads that were only neighbours are asked again, each alone.
   *
   * @returns the error that the connection ends with.
   */
  refuse(reply: Reply): MemcacheError {
    const error = serverReplyError(reply, 'a line of reads', this.#init.server)
    this.#cursor = 0
    for (;;) {
      const read = this.#sent.shift()
      if (!read.answered && !read.settled) {
        this.#settler.answeredInTime = true
        this.again.push(read)
      }
      if (read.endsLine) return error
    }
  }
}
