import type { Context } from '../command.ts'
import { EXIT, explainError } from '../exit-code.ts'
import { UsageError } from '../usage-error.ts'
import { DOT_NAMES, runDot } from './dot-commands.ts'
import { History, historyPath } from './history.ts'
import { LineReader } from './line-reader.ts'
import { Session } from './session.ts'
import { splitLine } from './split-line.ts'

const PROMPT = 'memlane› '
const MORE = '      … '

/** Reads lines and runs them: dot commands, `!7`, and commands of the program. */
export class Repl {
  readonly #context: Context
  readonly #session: Session
  readonly #history: History
  /** Lines before, of a quote that goes on. */
  #open = ''

  /** @param hasFile - Whether there is a history file. */
  constructor(context: Context, hasFile: boolean) {
    this.#context = context
    this.#session = new Session(context)
    this.#history = new History(hasFile ? historyPath(context.host) : undefined)
  }

  /** Asks for lines until the end. */
  async talk(): Promise<void> {
    const { host, signal } = this.#context
    const reader = new LineReader(host, signal, (line) => this.#session.complete(this.#open + line, DOT_NAMES))
    for (;;) {
      const typed = await reader.read(this.#open === '' ? PROMPT : MORE, this.#history.lines)
      if (typed === 'ended') break
      if (typed === 'interrupted') this.#open = ''
      else if ((await this.take(typed.line)) === 'exit') return
    }
    if (!signal.aborted || host.signal.aborted) this.#context.out.line()
  }

  /** Runs a line, or waits for the rest of a quote. Gives the exit code. */
  async take(line: string): Promise<number | 'exit'> {
    const text = this.#open + line
    const { words, isOpen } = splitLine(text)
    this.#open = isOpen ? `${text}\n` : ''
    if (isOpen || words.length === 0) return EXIT.ok
    try {
      if (words[0]!.startsWith('.')) return this.#runDot(words)
      return await this.#run(...this.#recall(text, words))
    } catch (error) {
      const { lines, exitCode } = explainError(error) ?? { lines: [String(error)], exitCode: EXIT.internal }
      for (const one of lines) this.#context.warn(one)
      return exitCode
    } finally {
      await Promise.all([this.#context.out.end(), this.#context.err.end()])
    }
  }

  /** Called at the end of the input; gives the exit code. */
  async end(): Promise<number> {
    if (this.#open === '') return EXIT.ok
    this.#context.warn('a quote is open at the end of the input')
    return EXIT.usage
  }

  #runDot(words: readonly string[]): number | 'exit' {
    const on = { context: this.#context, session: this.#session, history: this.#history }
    return runDot(words, on) ? 'exit' : EXIT.ok
  }

  async #run(text: string, words: readonly string[]): Promise<number | 'exit'> {
    if (words.length === 1 && (words[0] === 'exit' || words[0] === 'quit')) return 'exit'
    const { exitCode, remembered } = await this.#session.run(text, words)
    this.#history.add(remembered.typed, remembered.stored)
    this.#history.save()
    return exitCode
  }

  /** Line that `!7` or `!!` stands for; any other one is itself. */
  #recall(text: string, words: readonly string[]): [text: string, words: readonly string[]] {
    const [, number] = /^!(!|\d+)$/.exec(text.trim()) ?? []
    if (number === undefined) return [text, words]
    const line = this.#history.lines.at(number === '!' ? -1 : Number(number) - 1)
    if (line === undefined || number === '0') throw new UsageError(`there is no line ${number}; .history shows them`)
    this.#context.out.line(line)
    return [line, splitLine(line).words]
  }
}
