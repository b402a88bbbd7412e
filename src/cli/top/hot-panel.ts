import type { Memcache } from '../../client/memcache.ts'
import { explainError } from '../exit-code.ts'
import { hotScreen } from '../hot/hot-lines.ts'
import { hotReport } from '../hot/hot-report.ts'
import { HotWatch } from '../hot/hot-watch.ts'
import { escapeText } from '../terminal/escape.ts'
import type { Style } from '../terminal/style.ts'
import { cutText } from '../terminal/width.ts'

/** Settings of the panel. */
export interface HotPanelOptions {
  /** Time until a server has agreed to be watched, in milliseconds. */
  readonly timeoutMs: number
  /** Ends the watch with the screen. */
  readonly signal: AbortSignal
  readonly style: Style
}

/** Keys that are read most, for the screen of `top`: servers are watched only while it is shown. */
export class HotPanel {
  readonly #client: Memcache
  readonly #options: HotPanelOptions
  #watch: HotWatch | undefined
  #end: AbortController = new AbortController()
  #failure = ''

  constructor(client: Memcache, options: HotPanelOptions) {
    this.#client = client
    this.#options = options
  }

  /** Whether it is shown. */
  get isShown(): boolean {
    return this.#watch !== undefined
  }

  /** Begins to watch. */
  show(): void {
    this.#failure = ''
    this.#end = new AbortController()
    const fail = (error: unknown): void => {
      this.#failure = explainError(error)?.lines[0] ?? 'a server has ended the watch'
    }
    this.#watch = new HotWatch(this.#client, {
      delimiter: ':',
      timeoutMs: this.#options.timeoutMs,
      signal: AbortSignal.any([this.#options.signal, this.#end.signal]),
      onFailure: (_server, error) => fail(error),
    })
    this.#watch.run().catch(fail)
  }

  /** Ends the watch. */
  hide(): void {
    this.#watch = undefined
    this.#end.abort(new Error('hidden'))
  }

  /** Asks how much of their log the servers have left out: for each round. */
  async measure(): Promise<void> {
    await this.#watch?.measure()
  }

  /** Lines of the panel. */
  lines(columns: number, rows: number): string[] {
    const { style } = this.#options
    const report = hotReport(this.#watch?.seen ?? [], rows)
    const failure = this.#failure === '' ? [] : [style('red', cutText(escapeText(this.#failure), columns))]
    const look = { style, hasServers: this.#client.servers.length > 1 }
    return [...failure, ...hotScreen(report, 'hot keys', columns, rows - failure.length, look)]
  }
}
