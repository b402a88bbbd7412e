import type { Context } from '../command.ts'
import { bar } from './bars.ts'
import { cutText } from './width.ts'

const BAR_COLUMNS = 20
/** Shortest time between two drawings, in milliseconds. */
const INTERVAL_MS = 100
const CLEAR_LINE = '\r\u001b[K'

/**
 * Line of progress on standard error: drawn over and over on a terminal, and not at all elsewhere, nor with `--json` on the
 * same terminal.
 */
export class Progress {
  readonly #err: Context['err']
  readonly #isShown: boolean
  readonly #now: () => number
  #drawnAt = Number.NEGATIVE_INFINITY
  #isDrawn = false

  /** @param now - Milliseconds of a clock. */
  constructor({ err }: Pick<Context, 'err'>, now: () => number = () => performance.now()) {
    this.#err = err
    this.#isShown = err.isTerminal
    this.#now = now
  }

  /**
   * Draws the line, unless it was drawn a moment ago.
   *
   * @param text - What is being done, or how far it is: `8.1M items`.
   * @param share - From 0 to 1, for a bar; undefined where the end is not known.
   */
  update(text: string, share?: number): void {
    if (!this.#isShown || this.#now() - this.#drawnAt < INTERVAL_MS) return
    this.#drawnAt = this.#now()
    this.#isDrawn = true
    const front = share === undefined ? '' : `${bar(share, BAR_COLUMNS)} ${Math.floor(share * 100)} %  `
    this.#err.write(CLEAR_LINE + cutText(front + text, this.#err.columns - 1))
  }

  /** Removes the line. */
  end(): void {
    if (this.#isDrawn) {
      this.#err.write(CLEAR_LINE)
      // Before lines of standard output, which may be on the same terminal.
      this.#err.flush()
    }
    this.#isDrawn = false
    this.#drawnAt = Number.NEGATIVE_INFINITY
  }
}
