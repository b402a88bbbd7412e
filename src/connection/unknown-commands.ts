/** A server that closed on a command on so many fresh connections in a row, and never answered it, does not know it. */
const CLOSES_THAT_COUNT = 3

/** How long it counts as unknown before it is asked again, in milliseconds. */
export const KEPT_MS = 60_000

/** Why a command is not sent, where the server may know it all the same. */
export interface Doubt {
  /** What the server did, for messages. */
  readonly why: string
  /** When the server is asked again, on the monotonic clock. */
  readonly until: number
}

/** What is known of one command. */
interface Lesson {
  /** The version that the server told at the time: another one must be asked anew. */
  readonly about: string
  /** Connections in a row that ended where its answer was due. */
  closes: number
  /** Until when it is not sent, on the monotonic clock. */
  until: number
  /** What the server did, for messages. */
  why: string
}

/**
 * The commands that one server does not know, as far as its behaviour tells. An answer teaches at once. Proxies (twemproxy
 * 0.5.0 among them) close the connection on what they do not know, and so do network faults: a close teaches when the
 * same one has happened on three fresh connections in a row. Nothing is kept for longer than a minute.
 */
export class UnknownCommands {
  readonly #lessons: Map<string, Lesson> = new Map()

  /**
   * Whether the command is not to be sent at present.
   *
   * @param about - The version that the server tells.
   */
  has(command: string, about = ''): boolean {
    const lesson = this.#lessons.get(command)
    return lesson !== undefined && lesson.about === about && performance.now() < lesson.until
  }

  /** Why the command is not sent at present, and until when. */
  doubt(command: string): Doubt {
    const { why = '', until = 0 } = this.#lessons.get(command) ?? {}
    return { why, until }
  }

  /** The server closed the connection where the answer to this command was due. */
  closedOn(command: string, about = ''): void {
    const lesson = this.#lessonOf(command, about)
    if (++lesson.closes < CLOSES_THAT_COUNT) return
    this.#learn(lesson, `it closed the connection on "${command}" ${CLOSES_THAT_COUNT} times in a row`)
  }

  /** The server answered that it does not know the command, or not in this form. */
  refused(command: string, answer: string, about = ''): void {
    this.#learn(this.#lessonOf(command, about), `it answered ${answer} to "${command}"`)
  }

  /** The server answered the command. */
  answered(command: string): void {
    this.#lessons.delete(command)
  }

  /** A connection failed in another way: the closes before it may have been of the same making. */
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
