import type { AsyncLocalStorage } from 'node:async_hooks'
import type * as diagnostics from 'node:diagnostics_channel'
import type { ChannelContexts, CommandChannelContext } from '../client/channel-contexts.ts'
import { needNodeModule } from '../node-modules.ts'
import { contextStore } from './context-store.ts'
import { Measures } from './measures.ts'
import { type InstrumentOptions, type ResolvedInstrumentOptions, resolveOptions } from './options.ts'
import { Spans } from './spans.ts'

/**
 * Makes OpenTelemetry spans and metrics of what all clients of this process do, by the semantic conventions 1.45.
 * Subscribes to memlane's channels of `node:diagnostics_channel`; call it once, after the SDK has started.
 *
 * Needs the package `@opentelemetry/api` (1.9 or newer). No value and no credential is in a span or a metric, and keys are
 * only in spans, if the option `keys` says so.
 *
 * @returns An object whose `[Symbol.dispose]()` ends the subscriptions.
 * @throws If `@opentelemetry/api` is not installed, or an option cannot be used.
 */
export function instrumentMemlane(options: InstrumentOptions = {}): Disposable {
  const resolved = resolveOptions(options)
  const subscriptions = new Subscriptions(needNodeModule('node:diagnostics_channel'))
  const measures = new Measures(resolved.meter)
  const spans = new Spans(resolved)
  if (resolved.spans === 'command') subscribeSpans(subscriptions, spans, resolved)
  if (resolved.spans === 'batch') {
    subscriptions.add('tracing:memlane:batch:start', 'memlane:batch', (context) => spans.beginWrite(context))
    subscriptions.add('tracing:memlane:batch:asyncEnd', 'memlane:batch', (context) => spans.endWrite(context))
  }
  subscribeMeasures(subscriptions, measures)
  return { [Symbol.dispose]: () => subscriptions.end() }
}

function subscribeSpans(subscriptions: Subscriptions, spans: Spans, { api }: ResolvedInstrumentOptions): void {
  subscriptions.bind('tracing:memlane:command:start', contextStore(api), (context) => spans.beginCall(context))
  // For runtimes without bound stores.
  subscriptions.add('tracing:memlane:command:start', 'memlane:command', (context) => void spans.beginCall(context))
  subscribeEnds(subscriptions, (context) => spans.endCall(context))
}

/** Calls that wait for nothing, those of the synchronous clients, have ended at `end`: then there is an outcome. */
function subscribeEnds(subscriptions: Subscriptions, ended: (context: CommandChannelContext) => void): void {
  subscriptions.add('tracing:memlane:command:asyncEnd', 'memlane:command', ended)
  subscriptions.add('tracing:memlane:command:end', 'memlane:command', (context) => {
    if ('result' in context || 'error' in context) ended(context)
  })
}

function subscribeMeasures(subscriptions: Subscriptions, measures: Measures): void {
  const startedAt = new WeakMap<object, number>()
  subscriptions.add('tracing:memlane:command:start', 'memlane:command', (context) => {
    startedAt.set(context, performance.now())
  })
  subscribeEnds(subscriptions, (context) => {
    const from = startedAt.get(context)
    // Once for each call.
    startedAt.delete(context)
    if (from !== undefined) measures.callEnded(context, (performance.now() - from) / 1000)
  })
  subscriptions.add('tracing:memlane:load:asyncEnd', 'memlane:load', (context) => measures.loadEnded(context))
  subscriptions.listen('memlane:connection:ready', (message) => measures.connectionReady(message))
  subscriptions.listen('memlane:connection:closed', (message) => measures.connectionClosed(message))
  subscriptions.listen('memlane:retry', (message) => measures.retried(message))
  subscriptions.listen('memlane:failover', (message) => measures.failedOver(message))
  subscriptions.listen('memlane:server:down', (message) => measures.serverDown(message))
}

/** Name of a channel that has a context or a message. */
type ChannelName = keyof ChannelContexts

/** Subscriptions that end together. */
class Subscriptions {
  readonly #diagnostics: typeof diagnostics
  readonly #ends: (() => void)[] = []

  constructor(module: typeof diagnostics) {
    this.#diagnostics = module
  }

  /** Subscribes to one event of the tracing channel of a name. */
  add<Name extends ChannelName>(channel: string, _name: Name, handle: (context: ChannelContexts[Name]) => void): void {
    // memlane alone publishes on these names.
    const handler = (message: unknown): void => handle(message as ChannelContexts[Name])
    this.#diagnostics.subscribe(channel, handler)
    this.#ends.push(() => this.#diagnostics.unsubscribe(channel, handler))
  }

  /** Subscribes to a channel of messages. */
  listen<Name extends ChannelName>(name: Name, handle: (message: ChannelContexts[Name]) => void): void {
    this.add(name, name, handle)
  }

  /** Has the commands of a channel run in the stores of another one. */
  bind(
    name: string,
    store: Pick<AsyncLocalStorage<object>, 'run'>,
    enter: (context: CommandChannelContext) => object,
  ): void {
    const channel = this.#diagnostics.channel(name) as diagnostics.Channel<object, CommandChannelContext>
    channel.bindStore(store as AsyncLocalStorage<object>, enter)
    this.#ends.push(() => channel.unbindStore(store as AsyncLocalStorage<object>))
  }

  end(): void {
    for (const end of this.#ends.splice(0)) end()
  }
}
