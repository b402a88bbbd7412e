import { findNodeModule, type NodeModules } from './node-modules.ts'
import { throwLater } from './throw-later.ts'

/** A channel of `node:diagnostics_channel`, as far as memlane uses it. */
export interface PointChannel {
  /** Whether there may be subscribers; undefined in runtimes that do not say. */
  readonly hasSubscribers: boolean | undefined
  publish(context: object): void
}

/** The channels of something that begins and ends; the same context goes through all of them. */
export interface SpanChannel {
  readonly hasSubscribers: boolean | undefined
  readonly start: PointChannel & { runStores<T>(context: object, run: () => T): T }
  readonly end: PointChannel
  readonly asyncStart: PointChannel
  readonly asyncEnd: PointChannel
  readonly error: PointChannel
}

/** Stands for every channel where the runtime has none. */
const SILENT = {
  hasSubscribers: false,
  publish(): void {},
  runStores: <T>(_context: object, run: () => T): T => run(),
}
const SILENT_SPAN: SpanChannel = {
  hasSubscribers: false,
  start: SILENT,
  end: SILENT,
  asyncStart: SILENT,
  asyncEnd: SILENT,
  error: SILENT,
}

const MODULE: NodeModules['node:diagnostics_channel'] | undefined =
  /* @__PURE__ */ findNodeModule('node:diagnostics_channel')

function createSpan(name: string): SpanChannel {
  return MODULE?.tracingChannel?.(`memlane:${name}`) ?? SILENT_SPAN
}

function createPoint(name: string): PointChannel {
  return MODULE?.channel(`memlane:${name}`) ?? SILENT
}

/** The channels of public calls. */
export const COMMAND: SpanChannel = /* @__PURE__ */ createSpan('command')

/** The channels of writes to connections, from the write to its last reply. */
export const BATCH: SpanChannel = /* @__PURE__ */ createSpan('batch')
/** The channels of attempts to connect. */
export const CONNECT: SpanChannel = /* @__PURE__ */ createSpan('connect')
/** The channels of loaders' calls. */
export const LOAD: SpanChannel = /* @__PURE__ */ createSpan('load')

/** The channels of single messages: connections, servers, retries and failures. */
export const READY: PointChannel = /* @__PURE__ */ createPoint('connection:ready')
export const CLOSED: PointChannel = /* @__PURE__ */ createPoint('connection:closed')
export const SERVER_DOWN: PointChannel = /* @__PURE__ */ createPoint('server:down')
export const SERVER_UP: PointChannel = /* @__PURE__ */ createPoint('server:up')
export const RETRY: PointChannel = /* @__PURE__ */ createPoint('retry')
export const FAILOVER: PointChannel = /* @__PURE__ */ createPoint('failover')
export const DESYNC: PointChannel = /* @__PURE__ */ createPoint('desync')
export const ERROR: PointChannel = /* @__PURE__ */ createPoint('error')

/** Adds facts to the context of something that is traced. */
interface Traced {
  /** Called when the synchronous part is over. */
  called(): void
  /** Called when it has succeeded, before that is published. */
  succeeded(): void
  /** Called when it has failed, before that is published. Returns the error that the context is to have. */
  failed(error: unknown): unknown
}

/**
 * Carries something out between the channels of a span, as `tracePromise` of Node does, but that what it rejects with stays
 * unhandled until its caller handles it. The context has `error` only where it failed.
 */
export function trace<T>(
  span: SpanChannel,
  context: { error?: unknown },
  run: () => Promise<T>,
  traced: Traced,
): Promise<T> {
  const promise = inStores(span, context, run)
  fillIn(() => traced.called())
  publish(span.end, context)
  return promise.then(
    (value) => {
      fillIn(() => traced.succeeded())
      endSpan(span, context)
      return value
    },
    (error: unknown) => {
      let shown = error
      fillIn(() => {
        shown = traced.failed(error)
      })
      endSpan(span, context, { error: shown })
      throw error
    },
  )
}

/** Adds facts to a context. A subscriber that froze it must keep neither a call nor a span from ending. */
export function fillIn(add: () => void): void {
  try {
    add()
  } catch (error) {
    throwLater(error)
  }
}

function inStores<T>(span: SpanChannel, context: object, run: () => Promise<T>): Promise<T> {
  return traceSync(span, context, () => {
    try {
      return run()
    } catch (error) {
      return Promise.reject(error)
    }
  })
}

/**
 * Publishes the start of a span and runs a function inside the stores that are bound to it. The function runs even if a
 * subscriber throws.
 */
export function traceSync<T>(span: SpanChannel, context: object, run: () => T): T {
  let outcome: { readonly value: T } | { readonly error: unknown } | undefined
  const begin = (): void => {
    try {
      outcome = { value: run() }
    } catch (error) {
      outcome = { error }
    }
  }
  try {
    span.start.runStores(context, begin)
  } catch (error) {
    throwLater(error)
  }
  if (outcome === undefined) begin()
  const ended = outcome!
  if ('error' in ended) throw ended.error
  return ended.value
}

/** Ends a span; with a failure, its context gets the error first. */
export function endSpan(span: SpanChannel, context: { error?: unknown }, failure?: { readonly error: unknown }): void {
  if (failure !== undefined) {
    fillIn(() => {
      context.error = failure.error
    })
    publish(span.error, context)
  }
  publish(span.asyncStart, context)
  publish(span.asyncEnd, context)
}

/** Publishes a message where there may be subscribers. */
export function say(channel: PointChannel, make: () => object): void {
  if (channel.hasSubscribers !== false) publish(channel, make())
}

/** Publishes; Node throws by itself later what a subscriber throws, other runtimes may not. */
export function publish(channel: PointChannel, context: object): void {
  try {
    channel.publish(context)
  } catch (error) {
    throwLater(error)
  }
}
