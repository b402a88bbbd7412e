import type { Context } from '../command.ts'
import { rounds } from '../rounds.ts'
import { Screen } from './screen.ts'

/** View that is painted again and again. */
export interface LiveView {
  /** Lines of the screen, from the top; as many as `rows` at most are shown, and each fits `columns`. */
  lines(columns: number, rows: number): readonly string[]
  /** Called for each key but `q` and Ctrl-C, which end. */
  press?(key: string): void
}

/** Rounds of a live screen. */
export interface LiveRounds {
  /** Time from one round to the next, in milliseconds. */
  readonly everyMs: number
  /** Most rounds; undefined: until `q`, Ctrl-C, or the end of the reader. */
  readonly count?: number | undefined
  /**
   * Called for each round, before the view is painted. The signal aborts when the screen is to end: what rejects then is passed
   * over.
   */
  readonly update: (signal: AbortSignal) => Promise<void>
}

/** Whether a live command shows a screen: on a terminal that can move its cursor, without `--json`. */
export function hasScreen({ out, json, host }: Pick<Context, 'out' | 'json' | 'host'>): boolean {
  return out.isTerminal && !json && host.env['TERM'] !== 'dumb'
}

/** Shows a view on the whole terminal until it is ended, and gives back the terminal. */
export async function showLive(
  context: Pick<Context, 'host' | 'signal'>,
  view: LiveView,
  { everyMs, count, update }: LiveRounds,
): Promise<void> {
  const quit = new AbortController()
  const signal = AbortSignal.any([context.signal, quit.signal])
  const screen = new Screen(context)
  const paint = (): void => screen.paint(view.lines(screen.columns, screen.rows))
  const press = (key: string): void => {
    if (key === 'q') quit.abort(new Error('quit'))
    else view.press?.(key)
    paint()
  }
  screen.open(press, paint)
  try {
    paint()
    for await (const _ of rounds({ count, everyMs, signal })) {
      await untilAborted(update(signal), signal)
      paint()
    }
  } finally {
    screen.close()
  }
}

/** Waits for work; once the signal aborts, for no longer, and its failure does not count. */
function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve()
    signal.addEventListener('abort', leave, { once: true })
    work
      .then(resolve, (error: unknown) => (signal.aborted ? resolve() : reject(error as Error)))
      .finally(() => signal.removeEventListener('abort', leave))
    if (signal.aborted) resolve()
  })
}
