import { subscribe, type TracingChannelSubscribers, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { onTestFinished } from 'vitest'

/** Subscribes to a tracing channel until the test has ended. */
export function traced(name: string, subscribers: Partial<TracingChannelSubscribers<object>>): void {
  const channel = tracingChannel<string, object>(name)
  const all = { start() {}, end() {}, asyncStart() {}, asyncEnd() {}, error() {}, ...subscribers }
  channel.subscribe(all)
  onTestFinished(() => {
    channel.unsubscribe(all)
  })
}

/** Collects the messages of a channel until the test has ended. */
export function messagesOf(name: string): object[] {
  const messages: object[] = []
  const note = (message: unknown): void => void messages.push(message as object)
  subscribe(name, note)
  onTestFinished(() => {
    unsubscribe(name, note)
  })
  return messages
}

/** The contexts that have gone through a tracing channel, each with the names of its events in order. */
export function tracesOf(name: string): Map<object, string[]> {
  const traces = new Map<object, string[]>()
  const note = (event: string) => (context: object) => {
    const events = traces.get(context) ?? []
    traces.set(context, [...events, event])
  }
  const events = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const
  traced(name, Object.fromEntries(events.map((event) => [event, note(event)])))
  return traces
}
