import { createInterface, type Interface } from 'node:readline'
import type { Host } from '../host.ts'

/** Gives the words that may stand at the end of a line, and the part of the line that they replace. */
export type Completer = (line: string) => Promise<readonly [words: string[], replaced: string]>

/** Outcome of a prompt: a line; `interrupted`, by Ctrl-C; `ended`, by Ctrl-D or where there is no more input. */
export type Typed = { readonly line: string } | 'interrupted' | 'ended'

const HISTORY_SIZE = 1000

/**
 * Reads lines from a terminal. Standard input belongs to it only while it waits for a line: commands may take it in between.
 */
export class LineReader {
  readonly #host: Host
  readonly #signal: AbortSignal
  readonly #complete: Completer
  /** Lines that came in one piece with the one that was asked for: text that was pasted. */
  #pasted: string[] = []
  #begun = ''

  constructor(host: Host, signal: AbortSignal, complete: Completer) {
    this.#host = host
    this.#signal = signal
    this.#complete = complete
  }

  /**
   * Asks for a line.
   *
   * @param history - Lines to choose from, oldest first.
   */
  async read(prompt: string, history: readonly string[]): Promise<Typed> {
    if (this.#signal.aborted) return 'ended'
    const next = this.#pasted.shift()
    if (next === undefined) return this.#ask(prompt, history)
    this.#host.stdout.write(`${prompt}${next}\n`)
    return { line: next }
  }

  #ask(prompt: string, history: readonly string[]): Promise<Typed> {
    const lines = this.#open(prompt, history)
    return new Promise((resolve) => {
      const typed: string[] = []
      let isSettled = false
      const leave = (result: Typed): void => {
        if (isSettled) return
        isSettled = true
        this.#signal.removeEventListener('abort', end)
        lines.close()
        resolve(result)
      }
      const end = (): void => leave('ended')
      this.#signal.addEventListener('abort', end, { once: true })
      lines.on('line', (line) => {
        // The rest of what was pasted comes in this turn.
        if (typed.push(line) === 1) setImmediate(() => leave(this.#take(typed, lines)))
      })
      lines.once('close', end)
      lines.once('SIGINT', () => {
        this.#pasted = []
        this.#host.stdout.write('^C\n')
        leave('interrupted')
      })
    })
  }

  #open(prompt: string, history: readonly string[]): Interface {
    const { stdin, stdout } = this.#host
    const lines = createInterface({
      input: stdin,
      output: stdout,
      terminal: true,
      history: history.toReversed(),
      historySize: HISTORY_SIZE,
      removeHistoryDuplicates: true,
      completer: (line: string, give: (error: null, found: [string[], string]) => void) => {
        this.#complete(line).then(
          ([words, replaced]) => give(null, [words, replaced]),
          () => give(null, [[], line]),
        )
      },
    })
    lines.setPrompt(prompt)
    lines.prompt()
    if (this.#begun !== '') lines.write(this.#begun)
    this.#begun = ''
    return lines
  }

  #take([line = '', ...more]: readonly string[], lines: Interface): Typed {
    this.#pasted.push(...more)
    this.#begun = lines.line
    // The line is shown again with the next prompt.
    if (this.#begun !== '') this.#host.stdout.write('\r\u001b[K')
    return { line }
  }
}
