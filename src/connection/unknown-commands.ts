/**
 * Fresh connections in a row closed on a command that was never answered, after which the command counts as unknown.
 */
const CLOSES_THAT_COUNT = 3

/** Time for which a command counts as unknown before it is sent again, in milliseconds. */
export const KEPT_MS = 60_000

/** Reason for not sending a command that the server may know after all. */
export interface Doubt {
  /** Behaviour of the server, for messages. */
  readonly why: string
  /** Time on the monotonic clock at which the server is asked again. */
  readonly until: number
}

/** Knowledge about one command. */
interface Lesson {
  /** Version of the server at the time: another version must be asked anew. */
  readonly about: string
  /** Number of connections in a row that ended where the command's answer was due. */
  closes: number
  /** Time on the monotonic clock until which the command is not sent. */
  until: number
  /** Behaviour of the server, for messages. */
  why: string
}

/**
 * Commands that one server does not know, judged by its behaviour. An answer counts at once. Proxies (twemproxy 0.5.0
 * among them) close the connection on unknown commands, and network faults close connections too: a close counts when
 * the same one has happened on three fresh connections in a row. No entry is kept for longer than a minute.
 */
export class UnknownCommands {
  readonly #lessons: Map<string, Lesson> = new Map()

  /**
   * Checks whether the command must not be sent at present.
   *
   * @param about - Version reported by the server.
   */
  has(command: string, about = ''): boolean {
    const lesson = this.#lessons.get(command)
    return lesson !== undefined && lesson.about === about && performance.now() < lesson.until
  }

  /** Returns why the command is not sent at present, and until when. */
  doubt(command: string): Doubt {
    const { why = '', until = 0 } = this.#lessons.get(command) ?? {}
    return { why, until }
  }

  /** Records that the server closed the connection where the answer to this command was due. */
  closedOn(command: string, about = ''): void {
    const lesson = this.#lessonOf(command, about)
    if (++lesson.closes < CLOSES_THAT_COUNT) return
    this.#learn(lesson, `it closed the connection on "${command}" ${CLOSES_THAT_COUNT} times in a row`)
  }

  /** Records that the server answered that it does not know the command, or not in this form. */
  refused(command: string, answer: string, about = ''): void {
    this.#learn(this.#lessonOf(command, about), `it answered ${answer} to "${command}"`)
  }

  /** Records that the server answered the command. */
  answered(command: string): void {
    this.#lessons.delete(command)
  }

  /** Records that a connection failed in another way: earlier closes may have had the same cause. */
  interrupted(): void {
    for (const lesson of this.#lessons.values()) lesson.closes = 0
  }

  #lessonOf(command: string, about: string): Lesson {
    const known = this.#lessons.get(command)
    if (known?.about === about) return known
    const lesson = { about, closes: 0, until: 0, why: '' }
    this.#lessons.set(command, lesson)
    return lesson
  }

  #learn(lesson: Lesson, why: string): void {
    lesson.until = performance.now() + KEPT_MS
    lesson.why = why
  }
}
