import { tracingChannel } from 'node:diagnostics_channel'
import { afterAll, expect } from 'vitest'
import { eventually } from './eventually.ts'

const CHANNELS = ['command', 'batch', 'connect', 'load']
const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const
const ORDERS = ['start,end,asyncStart,asyncEnd', 'start,end,error,asyncStart,asyncEnd']
/** Orders of the events of a synchronous client. */
const SYNC_ORDERS = ['start,end', 'start,error,end']

/** Contexts that have begun and are to end within this, in milliseconds, once a file's tests are over. */
const SETTLE_MS = 10_000

/** Calls of this file that the engine has ended from outside: not even `finally` runs behind them, so they publish no end. */
let interrupted = 0

/** Says that the engine is about to end a call from outside. */
export function expectInterruption(): void {
  interrupted++
}

/**
 * Subscribes to every tracing channel for a whole test file, and checks at its end that each context has ended once and has an
 * error only where it says so. A setup file of vitest, active where `MEMLANE_TRACE_TESTS` is set.
 */
function watchTraces(): void {
  const events = new Map<object, string[]>()
  for (const name of CHANNELS) {
    const channel = tracingChannel<string, object>(`memlane:${name}`)
    const all = Object.fromEntries(
      EVENTS.map((event) => [event, (context: object) => note(events, context, event)]),
    ) as unknown as Parameters<typeof channel.subscribe>[0]
    channel.subscribe(all)
    afterAll(() => {
      channel.unsubscribe(all)
    })
  }
  afterAll(async () => {
    await eventually(() => {
      const wrong = wrongOnes(events)
      const unended = wrong.filter((text) => text.startsWith('start:'))
      // An interruption may fall between two calls.
      expect(unended.length <= interrupted ? wrong.filter((text) => !unended.includes(text)) : wrong).toEqual([])
    }, SETTLE_MS)
  }, SETTLE_MS * 2)
}

function note(events: Map<object, string[]>, context: object, event: string): void {
  const known = events.get(context)
  if (known === undefined) events.set(context, [event])
  else known.push(event)
}

function wrongOnes(events: ReadonlyMap<object, readonly string[]>): string[] {
  const wrong: string[] = []
  for (const [context, seen] of events) {
    const order = seen.join()
    const isKnown = ORDERS.includes(order) || SYNC_ORDERS.includes(order)
    if (!isKnown || 'error' in context !== seen.includes('error')) wrong.push(`${order}: ${JSON.stringify(context)}`)
  }
  return wrong
}

if (process.env['MEMLANE_TRACE_TESTS'] !== undefined) watchTraces()
