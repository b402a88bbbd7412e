import type { BatchChannelContext, ChannelFailure, CommandChannelContext } from '../client/channel-contexts.ts'
import { messageOf } from '../message-of.ts'
import type { OtelAttributes, OtelSpan } from './api.ts'
import { callAttributes, errorType, outcomeAttributes, spanName, writeAttributes, writeName } from './attributes.ts'
import type { ResolvedInstrumentOptions } from './options.ts'

/** `SpanKind.CLIENT` of the API. */
const CLIENT = 2
/** `SpanStatusCode.ERROR` of the API. */
const ERROR = 2

/** The spans that have begun, by the contexts of their channels. */
export class Spans {
  readonly #options: ResolvedInstrumentOptions
  readonly #open: WeakMap<object, OtelSpan> = new WeakMap()

  constructor(options: ResolvedInstrumentOptions) {
    this.#options = options
  }

  /**
   * Begins the span of a call, once.
   *
   * @returns The context of the API to make the call in.
   */
  beginCall(context: CommandChannelContext): object {
    const { api, showKey } = this.#options
    const active = api.context.active()
    const span =
      this.#open.get(context) ??
      this.#begin(context, spanName(context.command, context), () => callAttributes(context, showKey), active)
    return span === undefined ? active : api.trace.setSpan(active, span)
  }

  /** Ends the span of a call. */
  endCall(context: CommandChannelContext): void {
    this.#end(context, (span) => {
      // The server may have been chosen meanwhile.
      span.updateName(spanName(context.command, context))
      span.setAttributes(outcomeAttributes(context))
    })
  }

  /** Begins the span of a write. */
  beginWrite(context: BatchChannelContext): void {
    const active = this.#options.api.context.active()
    this.#begin(context, spanName(writeName(context), context), () => writeAttributes(context), active)
  }

  /** Ends the span of a write. */
  endWrite(context: BatchChannelContext): void {
    this.#end(context, (span) => span.setAttributes({ 'memlane.bytes_in': context.bytesIn }))
  }

  #begin(key: object, name: string, attributes: () => OtelAttributes, active: object): OtelSpan | undefined {
    const { api, tracer, requiresParent } = this.#options
    if (requiresParent && api.trace.getSpan(active) === undefined) return undefined
    const span = tracer.startSpan(name, { kind: CLIENT, attributes: attributes() }, active)
    this.#open.set(key, span)
    return span
  }

  #end(context: ChannelFailure, describe: (span: OtelSpan) => void): void {
    const span = this.#open.get(context)
    if (span === undefined) return
    this.#open.delete(context)
    if (span.isRecording()) {
      describe(span)
      if ('error' in context) this.#fail(span, context.error)
    }
    span.end()
  }

  /** Messages may name keys, and those of other errors than memlane's anything: they are left out. */
  #fail(span: OtelSpan, error: unknown): void {
    const type = errorType(error)
    const isShown = this.#options.showKey !== undefined && type.startsWith('MEMLANE_')
    span.setAttributes({ 'error.type': type })
    span.setStatus(isShown ? { code: ERROR, message: messageOf(error) } : { code: ERROR })
  }
}
