import type { MemcacheError, ProtocolError } from '../errors.ts'
import type { WireKey } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import { MISS, type Reply } from '../protocol/reply.ts'
import { keyMatches } from '../protocol/reply-key.ts'
import { isGat } from '../protocol/request.ts'
import { serverReplyError } from '../protocol/server-reply-error.ts'
import type { ServerVersion } from '../protocol/server-version.ts'
import { desyncError } from './out-of-step.ts'
import type { OutgoingBatch } from './outgoing-batch.ts'
import { type LineLimits, type LineRequest, ReadLine } from './read-line.ts'
import { ReadRun } from './read-run.ts'
import { isRun, type SentEntry, type SentQueue } from './sent-queue.ts'
import type { Settler } from './settler.ts'
import type { UnknownCommands } from './unknown-commands.ts'
import type { UnsentReads } from './unsent-reads.ts'

/** Server and limits of read lines. */
export interface ReadLinesInit {
  readonly server: string
  readonly version: ServerVersion
  /** Limits of a shared line; undefined: every read has a line of its own. */
  readonly coalesce: LineLimits | undefined
  readonly unknownCommands: UnknownCommands
}

/**
 * Plain reads, which travel as classic `get k1 k2` lines in either protocol. Puts neighbours on one line, and gives
 * each value of the line at the head of the queue to the read of its key. END makes the rest of the line misses.
 *
 * Only this class marks (`endsLine`, `answered`), matches and settles the queue entries that are `inLine`.
 */
export class ReadLines {
  readonly #init: ReadLinesInit
  readonly #line: ReadLine
  readonly #sent: SentQueue
  readonly #settler: Settler
  /** Entry added last to the open line. */
  #last: SentEntry | undefined
  /** Position of the entry of the line at the head where the next value is expected. */
  #cursor = 0
  /** Reads that shared a refused line and may be asked again, each alone. */
  readonly again: Operation[] = []

  #joined = 0

  constructor(init: ReadLinesInit, batch: OutgoingBatch, sent: SentQueue, settler: Settler) {
    this.#init = init
    this.#line = new ReadLine(batch, init.coalesce, init.version)
    this.#sent = sent
    this.#settler = settler
  }

  /** Number of reads that joined the line of another one, since the beginning. */
  get joined(): number {
    return this.#joined
  }

  /** Adds a read to the open line, or begins a line with it. When it throws, nothing of the read was added. */
  add(operation: Operation, request: LineRequest, mayShare: boolean): void {
    if (this.#write(operation.key, request, mayShare && !operation.alone)) this.#joined++
    this.#last = operation
    operation.inLine = true
    this.#sent.push(operation)
  }

  /**
   * Adds reads of a batch, as `add` does: the next one, and as many after it as share its line.
   *
   * @param maxBytes - Limit of the bytes of those after it.
   */
  addReads(reads: UnsentReads, mayShare: boolean, maxBytes: number): void {
    const { batch, holder, next: from } = reads
    const { keys } = batch
    const last = this.#last
    const shares = this.#write(keys[from]!, batch.request, mayShare)
    const end = mayShare ? this.#line.extend(keys, from + 1, reads.end, maxBytes) : from + 1
    reads.next = end
    this.#joined += shares ? end - from : end - from - 1
    if (shares && last !== undefined && isRun(last) && last.precedes(batch, from)) {
      last.addUpTo(end)
      this.#sent.countReads(end - from)
    } else this.#beginRun(new ReadRun(batch, from, end, holder))
  }

  #beginRun(run: ReadRun): void {
    this.#last = run
    this.#sent.pushRun(run)
  }

  /** Puts a key on the open line, or begins a line with it; returns whether it shares the line. */
  #write(key: WireKey, request: LineRequest, mayShare: boolean): boolean {
    const last = this.#last
    const mayJoin = mayShare && last !== undefined && (isRun(last) || !last.alone)
    const shares = this.#line.add(key, request, mayJoin)
    if (!shares && last !== undefined) last.endsLine = true
    return shares
  }

  /** Ends the open line, if there is one. */
  close(): void {
    if (this.#last === undefined) return
    this.#line.close()
    this.#last.endsLine = true
    this.#last = undefined
  }

  /**
   * Returns the read of the line at the head that a VALUE answers, or the run in which it is found: the next one, or another
   * if a proxy reordered.
   */
  find(reply: Reply): SentEntry | undefined {
    if (this.#sent.length === 0 || !this.#sent.at(0).inLine) return undefined
    let position = this.#cursor
    for (;;) {
      const entry = this.#sent.at(position)
      if (answersEntry(reply, entry)) {
        const expectsMore = entry.endsLine || (isRun(entry) && !entry.isExhausted)
        this.#cursor = expectsMore ? position : position + 1
        return entry
      }
      if (entry.endsLine) break
      position++
    }
    return this.#findEarlier(reply)
  }

  /** Searches the entries up to the cursor: a proxy may have reordered the values. */
  #findEarlier(reply: Reply): SentEntry | undefined {
    for (let position = 0; position <= this.#cursor; position++) {
      const entry = this.#sent.at(position)
      if (isRun(entry) ? entry.findEarlier(reply) : answersEntry(reply, entry)) return entry
    }
    return undefined
  }

  /**
   * Gives a value to the read that it answers.
   *
   * @param owner - Entry found when the value's header came.
   * @returns why the connection cannot go on, or undefined while it can.
   */
  receiveValue(reply: Reply, owner: SentEntry | undefined): ProtocolError | undefined {
    const entry = owner ?? this.find(reply)
    if (entry === undefined) {
      return desyncError(this.#init.server, reply, 'a value under a key that was not asked for')
    }
    reply.outcome = 'hit'
    if (isRun(entry)) {
      entry.takeValue()
      this.#settler.settleRead(reply, entry)
    } else {
      entry.answered = true
      this.#settler.settle(reply, entry)
    }
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
    // Middleware notified of a miss may destroy the client: then nothing is left of the line.
    while (this.#sent.length > 0) {
      const entry = this.#sent.shift()
      if (isRun(entry)) this.#settler.settleMisses(entry)
      else if (!entry.answered) this.#settler.settle(MISS, entry)
      if (entry.endsLine) break
    }
    return undefined
  }

  /** Whether the line at the head is shared by several reads. */
  get isShared(): boolean {
    const head = this.#sent.at(0)
    return !head.endsLine || (isRun(head) && head.keys.length > 1)
  }

  /**
   * Takes a shared line off the queue after an error line in place of values. Servers frame it in three ways
   * (memcached: it replaces the whole reply; its proxy: one per key, then END; twemproxy: one, then it closes), so the
   * connection ends. Reads that were only neighbours are sent again, each alone.
   *
   * @returns the error that the connection ends with.
   */
  refuse(reply: Reply): MemcacheError {
    const error = serverReplyError(reply, 'a line of reads', this.#init.server)
    this.#cursor = 0
    for (;;) {
      const entry = this.#sent.shift()
      const open = isRun(entry) ? entry.detachOpen() : entry.answered || entry.settled ? [] : [entry]
      if (open.length > 0) this.#settler.answeredInTime = true
      this.again.push(...open)
      if (entry.endsLine) return error
    }
  }

  /**
   * Takes a run of one read off the queue after an error line.
   *
   * @returns why the connection cannot go on, or undefined while it can.
   */
  refuseRun(reply: Reply, run: ReadRun): MemcacheError | undefined {
    const error = serverReplyError(reply, run.describe(), this.#init.server)
    this.#cursor = 0
    this.#sent.shift()
    const [operation] = run.detachOpen()
    if (operation !== undefined) this.#settler.answeredInTime = true
    operation?.fail(error)
    return reply.type === 'SERVER_ERROR' ? undefined : error
  }
}

/** Checks whether the reply answers the read, or one of the run. */
function answersEntry(reply: Reply, entry: SentEntry): boolean {
  return isRun(entry) ? entry.find(reply) : !entry.answered && keyMatches(reply, entry.key)
}
