import { emitKeypressEvents } from 'node:readline'
import type { Context } from '../command.ts'
import type { Host } from '../host.ts'

const OPEN = '\u001b[?1049h\u001b[?25l\u001b[H\u001b[2J'
const CLOSE = '\u001b[?25h\u001b[?1049l'
const CLEAR = '\u001b[2J'
/** Attributes off before the rest of the line is cleared, so that it gets no background. */
const CLEAR_REST = '\u001b[0m\u001b[K'

/** Key that was pressed: `a`, `A`, `up`, `return`, `escape`, `space`, `ctrl-l`. */
export type KeyHandler = (key: string) => void

/** Key of a keypress event of `node:readline`. */
interface Keypress {
  readonly name?: string | undefined
  readonly sequence?: string | undefined
  readonly ctrl?: boolean
}

/**
 * Screen of a live command: the alternate buffer of the terminal, painted line by line where lines have changed, and the keys
 * that are pressed. `close` gives back the terminal as it was; call it in a `finally`. Ctrl-C aborts the context's signal.
 */
export class Screen {
  readonly #host: Host
  #painted: readonly string[] = []
  #lines: readonly string[] = []
  #onKey: KeyHandler | undefined
  #onResize: (() => void) | undefined
  readonly #keypress = (text: string | undefined, key: Keypress): void => this.#press(text, key)
  readonly #resize = (): void => {
    this.#painted = []
    this.#host.stdout.write(CLEAR)
    if (this.#onResize === undefined) this.paint(this.#lines)
    else this.#onResize()
  }

  /** @param context - Its standard output must be a terminal: see `out.isTerminal`. */
  constructor({ host }: Pick<Context, 'host'>) {
    this.#host = host
  }

  /** Width in columns; a terminal that does not know its size says 0. */
  get columns(): number {
    return this.#host.stdout.columns || 80
  }

  /** Height in lines. */
  get rows(): number {
    return this.#host.stdout.rows || 24
  }

  /**
   * Shows the empty screen and begins to read keys.
   *
   * @param onResize - Called when the terminal has another size; it paints. Default: the last lines are painted again.
   */
  open(onKey: KeyHandler, onResize?: () => void): void {
    const { stdin, stdout } = this.#host
    this.#onKey = onKey
    this.#onResize = onResize
    stdout.write(OPEN)
    stdout.on('resize', this.#resize)
    if (stdin.isTTY !== true) return
    emitKeypressEvents(stdin)
    stdin.setRawMode?.(true)
    stdin.on('keypress', this.#keypress).resume()
  }

  /** Paints lines from the top; only lines that have changed are written. Lines below the screen are left out. */
  paint(lines: readonly string[]): void {
    this.#lines = lines
    const shown = lines.slice(0, this.rows)
    const count = Math.max(shown.length, this.#painted.length)
    let text = ''
    for (let at = 0; at < count; at++) {
      const line = shown[at] ?? ''
      if (line !== this.#painted[at]) text += `\u001b[${at + 1};1H${line}${CLEAR_REST}`
    }
    this.#painted = shown
    if (text !== '') this.#host.stdout.write(text)
  }

  /** Gives back the terminal. */
  close(): void {
    const { stdin, stdout } = this.#host
    stdout.off('resize', this.#resize)
    if (stdin.isTTY === true) {
      stdin.off('keypress', this.#keypress).pause()
      stdin.setRawMode?.(false)
    }
    stdout.write(CLOSE)
  }

  #press(text: string | undefined, { name, sequence, ctrl = false }: Keypress): void {
    if (ctrl && name === 'c') return this.#host.interrupt()
    if (ctrl && name !== undefined) return this.#onKey?.(`ctrl-${name}`)
    // A letter as it was typed, capital or not; of keys without one their names.
    const isTyped = text !== undefined && text.length === 1 && text > ' '
    const key = isTyped ? text : (name ?? sequence)
    if (key !== undefined) this.#onKey?.(key)
  }
}
