import { ProtocolError, ServerError } from '../../errors.ts'
import { Patience } from '../../protocol/patience.ts'
import { CallDeadline } from '../call-deadline.ts'
import { isAbsorbable } from '../dispatcher.ts'

/** Most times that the generation may come and go while one call tries to read it. */
const MAX_ROUNDS = 8

/** Longest wait for the answer with a number that is known, in milliseconds; a later answer still counts. */
const MAX_WAIT_MS = 500

/** Nor is the answer awaited for longer than this, however long calls may take, in milliseconds. */
const MAX_QUESTION_MS = 5000

/**
 * The commands on the item that holds the generation, carried out by the server that it belongs to or not at all. All
 * reject when the cache fails, whatever the option `failures`.
 */
export interface GenerationItem {
  readonly get: (time: CallDeadline, patience?: Patience) => Promise<bigint | undefined>
  /** Whether it was stored: there was none. */
  readonly add: (generation: bigint, time: CallDeadline, patience?: Patience) => Promise<boolean>
  /** Undefined: there is none. */
  readonly incr: (time: CallDeadline) => Promise<bigint | undefined>
}

/** A question for the generation that is under way. */
interface Question {
  /** The number, or the last one known where the server does not answer. */
  readonly answer: Promise<bigint>
  /** Number that the server gives. */
  readonly asked: Promise<bigint>
  readonly askedAt: number
  /** Of the calls that wait for the answer: they have left when the last one has. */
  readonly patience: Patience
  waiting: number
}

/**
 * The number that is part of every key of a namespace: when it changes, all that was stored before is out of reach, and
 * the server drops it in its own time. Starts from the clock, so that one which was evicted does not start at a number
 * that was in use before.
 *
 * Only the item's own server changes it. While that server is out, the last number known is used: a new one would put
 * out of reach what all the other servers hold.
 */
export class Generation {
  readonly #item: GenerationItem
  readonly #refreshMs: number
  readonly #timeoutMs: number
  #known: bigint | undefined
  #changes = 0
  #readAt = Number.NEGATIVE_INFINITY
  /** When a question for it found no answer in time, last. */
  #missedAt = Number.NEGATIVE_INFINITY
  #question: Question | undefined
  #clears = 0

  /**
   * @param refreshMs - How long a number that was read is trusted.
   * @param timeoutMs - How long reading it or changing it may take.
   */
  constructor(item: GenerationItem, refreshMs: number, timeoutMs: number) {
    this.#item = item
    this.#refreshMs = refreshMs
    this.#timeoutMs = timeoutMs
  }

  /** The last number seen, however long ago. */
  get known(): bigint | undefined {
    return this.#known
  }

  /** Count of the clears, and of the numbers read that were other than the one before. */
  get changes(): number {
    return this.#changes
  }

  /** The number, if it was read a short time ago, or could not be read a short time ago. */
  get fresh(): bigint | undefined {
    const askedAt = Math.max(this.#readAt, this.#missedAt)
    return performance.now() - askedAt < this.#refreshMs ? this.#known : undefined
  }

  /**
   * Asks the server, and gives the last number known when it does not answer; calls at a time share one question, unless
   * it is older than an answer may be. Rejects when no number is known.
   */
  read(): Promise<bigint> {
    return this.#ask().answer
  }

  /** The number, if it was read a short time ago. */
  get recent(): bigint | undefined {
    return performance.now() - this.#readAt < this.#refreshMs ? this.#known : undefined
  }

  /** Asks the server, as {@link Generation.read} does, and rejects when it does not answer. */
  readNow(): Promise<bigint> {
    return this.#ask().asked
  }

  #ask(): Question {
    const now = performance.now()
    const underWay = this.#question
    if (underWay !== undefined && now - underWay.askedAt < this.#refreshMs) return underWay
    const patience = new Patience(now)
    const asked = this.#askServer(now, patience)
    const answer = this.#orKnown(asked).finally(() => {
      if (this.#question === question) this.#question = undefined
    })
    // A call that wants the server's word does not wait for it.
    answer.catch(() => undefined)
    const question: Question = { answer, asked, askedAt: now, patience, waiting: 0 }
    this.#question = question
    return question
  }

  /**
   * Counts a call that waits for what `read` has just given.
   *
   * @returns called when it waits no longer.
   */
  join(): () => void {
    const question = this.#question!
    question.waiting++
    return () => {
      if (--question.waiting === 0) question.patience.leave(performance.now())
    }
  }

  async #orKnown(answer: Promise<bigint>): Promise<bigint> {
    if (this.#known === undefined) return answer
    try {
      // The calls that wait need the rest of their time for what they are about.
      return (await within(Math.min(this.#timeoutMs / 2, MAX_WAIT_MS), answer)) ?? this.#missed()
    } catch (error) {
      if (!isNoAnswer(error)) throw error
      return this.#missed()
    }
  }

  #missed(): bigint {
    this.#missedAt = performance.now()
    return this.#known!
  }

  async #askServer(askedAt: number, patience: Patience): Promise<bigint> {
    const clears = this.#clears
    const limitMs = this.#known === undefined ? Number.POSITIVE_INFINITY : MAX_QUESTION_MS
    const time = new CallDeadline(Math.min(this.#timeoutMs, limitMs), undefined)
    const found = (await this.#item.get(time, patience)) ?? (await this.#create(this.#item.get, time, patience))
    // A clear of our own, meanwhile, knows better.
    if (clears !== this.#clears && this.#known !== undefined) return this.#known
    // As does a later question that was answered before.
    if (askedAt < this.#readAt) return found
    if (this.#known !== undefined && this.#known !== found) this.#changes++
    this.#known = found
    this.#readAt = askedAt
    return found
  }

  /** Makes everything stored so far unreachable. */
  async clear(): Promise<void> {
    const time = new CallDeadline(this.#timeoutMs, undefined)
    let next: bigint
    try {
      next = (await this.#item.incr(time)) ?? (await this.#create(this.#item.incr, time))
    } catch (error) {
      // The command may have been done: the next call looks.
      this.#readAt = Number.NEGATIVE_INFINITY
      this.#missedAt = Number.NEGATIVE_INFINITY
      throw error
    }
    this.#clears++
    this.#changes++
    this.#known = next
    this.#readAt = performance.now()
  }

  /** Creates the number when there is none, unless another client does. */
  async #create(seen: GenerationItem['get'], time: CallDeadline, patience?: Patience): Promise<bigint> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const made = firstGeneration(this.#known)
      if (await this.#item.add(made, time, patience)) return made
      const found = await seen(time, patience)
      if (found !== undefined) return found
    }
    throw new ServerError('the generation or version was removed again and again meanwhile', {
      delivery: 'answered',
    })
  }
}

/**
 * Microseconds since 1970, the last three digits at random: two clocks do not meet in one number. Beyond the last one seen,
 * which may be of this very millisecond.
 */
function firstGeneration(known: bigint | undefined): bigint {
  const made = BigInt(Date.now()) * 1000n + BigInt(Math.floor(Math.random() * 1000))
  return known === undefined || made > known ? made : known + 1n
}

/** Whether the failure leaves open what the number is: its server is out, or stands in front of others that are. */
function isNoAnswer(error: unknown): boolean {
  if (!isAbsorbable(error)) return false
  return error.delivery !== 'answered' || error instanceof ServerError || error instanceof ProtocolError
}

/** Returns the promise's result within the time; undefined when it takes longer. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
