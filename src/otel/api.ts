/** Attributes of a span or of a measurement. */
export type OtelAttributes = Record<string, string | number | boolean | string[]>

/** Span of `@opentelemetry/api`, as far as memlane uses it. */
export interface OtelSpan {
  /** Whether anything is kept of the span. */
  isRecording(): boolean
  /** Sets attributes. */
  setAttributes(attributes: OtelAttributes): unknown
  /** Sets the status; 2 is an error. */
  setStatus(status: { code: number; message?: string }): unknown
  /** Gives the span another name. */
  updateName(name: string): unknown
  /** Ends the span. */
  end(): void
}

/** Options of a span that begins. */
export interface OtelSpanOptions {
  /** Kind of the span; 2 is a client's. */
  kind?: number
  /** Attributes that a sampler can see. */
  attributes?: OtelAttributes
}

/** Tracer of `@opentelemetry/api`, as far as memlane uses it. */
export interface OtelTracer {
  /** Begins a span as a child of the context's span. */
  startSpan(name: string, options?: OtelSpanOptions, context?: object): OtelSpan
}

/** Tracer provider of an OpenTelemetry SDK. */
export interface OtelTracerProvider {
  /** Returns the tracer of a library. */
  getTracer(name: string): OtelTracer
}

/** Options of an instrument. */
export interface OtelInstrumentOptions {
  /** Sentence about the measurement. */
  description?: string
  /** Unit, in the notation of UCUM. */
  unit?: string
  /** Boundaries of a histogram's buckets, unless a view says otherwise. */
  advice?: { explicitBucketBoundaries?: number[] }
}

/** Counter or up-down counter of `@opentelemetry/api`. */
export interface OtelCounter {
  /** Adds to the sum of these attributes. */
  add(value: number, attributes?: OtelAttributes): void
}

/** Histogram of `@opentelemetry/api`. */
export interface OtelHistogram {
  /** Records one measurement. */
  record(value: number, attributes?: OtelAttributes): void
}

/** Meter of `@opentelemetry/api`, as far as memlane uses it. */
export interface OtelMeter {
  /** Makes a counter. */
  createCounter(name: string, options?: OtelInstrumentOptions): OtelCounter
  /** Makes a counter that can go down. */
  createUpDownCounter(name: string, options?: OtelInstrumentOptions): OtelCounter
  /** Makes a histogram. */
  createHistogram(name: string, options?: OtelInstrumentOptions): OtelHistogram
}

/** Meter provider of an OpenTelemetry SDK. */
export interface OtelMeterProvider {
  /** Returns the meter of a library. */
  getMeter(name: string): OtelMeter
}

/** The module `@opentelemetry/api`, as far as memlane uses it: `import * as api from '@opentelemetry/api'`. */
export interface OtelApi {
  /** Spans. */
  readonly trace: OtelTracerProvider & {
    /** Returns the span of a context. */
    getSpan(context: object): OtelSpan | undefined
    /** Returns a context with another span. */
    setSpan(context: object, span: OtelSpan): object
  }
  /** Metrics. */
  readonly metrics: OtelMeterProvider
  /** The active context. */
  readonly context: {
    /** Returns the active context. */
    active(): object
    /** Runs a function in a context. */
    with<T>(context: object, run: () => T): T
  }
}
