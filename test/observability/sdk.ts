import { onTestFinished } from 'vitest'
import type { OtelApi, OtelMeterProvider, OtelTracerProvider } from '../../src/otel/api.ts'
import { library } from './library.ts'

/** A span that has ended. */
export interface FinishedSpan {
  readonly name: string
  readonly kind: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly status: { readonly code: number; readonly message?: string }
  readonly events: readonly unknown[]
  readonly parentSpanContext?: { readonly spanId: string }
  spanContext(): { readonly spanId: string }
}

/** One instrument with what it has collected. */
export interface CollectedMetric {
  readonly descriptor: { readonly name: string; readonly unit: string }
  readonly dataPoints: readonly { readonly attributes: Readonly<Record<string, unknown>>; readonly value: unknown }[]
}

/** As much of each library as is used here. */
interface TraceSdk {
  readonly InMemorySpanExporter: new () => { getFinishedSpans(): FinishedSpan[]; reset(): void }
  readonly SimpleSpanProcessor: new (exporter: unknown) => object
  readonly BasicTracerProvider: new (options: { spanProcessors: object[] }) => OtelTracerProvider
}
interface MetricsSdk {
  readonly MeterProvider: new (options: { readers: object[] }) => OtelMeterProvider
  readonly MetricReader: new () => Reader
}
interface Reader {
  collect(): Promise<{
    readonly resourceMetrics: { readonly scopeMetrics: readonly { readonly metrics: readonly CollectedMetric[] }[] }
    readonly errors: readonly unknown[]
  }>
}
interface ContextHooks {
  readonly AsyncLocalStorageContextManager: new () => { enable(): object }
}
type FullApi = OtelApi & {
  readonly ROOT_CONTEXT: object
  readonly context: { setGlobalContextManager(manager: object): boolean; disable(): void }
}

/** The SDK as tests use it. */
export interface TestSdk {
  readonly api: OtelApi
  readonly tracerProvider: OtelTracerProvider
  readonly meterProvider: OtelMeterProvider
  /** Returns the spans that have ended. */
  readonly spans: () => FinishedSpan[]
  /** Returns what the instruments have collected, by their names. */
  readonly metrics: () => Promise<Map<string, CollectedMetric>>
  /** Makes calls inside of a span, which is not among those that are returned. */
  readonly within: <T>(run: () => Promise<T>) => Promise<T>
}

/** The real API, and the SDK in memory, until the test has ended. */
export function startSdk(): TestSdk {
  const api = library('@opentelemetry/api') as FullApi
  const trace = library('@opentelemetry/sdk-trace-base') as TraceSdk
  const { AsyncLocalStorageContextManager } = library('@opentelemetry/context-async-hooks') as ContextHooks
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  onTestFinished(() => api.context.disable())
  const exporter = new trace.InMemorySpanExporter()
  const tracerProvider = new trace.BasicTracerProvider({ spanProcessors: [new trace.SimpleSpanProcessor(exporter)] })
  const { reader, meterProvider } = startMetrics()
  return {
    api,
    tracerProvider,
    meterProvider,
    spans: () => exporter.getFinishedSpans(),
    metrics: () => collect(reader),
    within: async <T>(run: () => Promise<T>): Promise<T> => {
      const span = tracerProvider.getTracer('test').startSpan('request')
      return api.context.with(api.trace.setSpan(api.ROOT_CONTEXT, span), run)
    },
  }
}

function startMetrics(): { reader: Reader; meterProvider: OtelMeterProvider } {
  const sdk = library('@opentelemetry/sdk-metrics') as MetricsSdk
  class Pulled extends sdk.MetricReader {
    onForceFlush(): Promise<void> {
      return Promise.resolve()
    }
    onShutdown(): Promise<void> {
      return Promise.resolve()
    }
  }
  const reader = new Pulled()
  return { reader, meterProvider: new sdk.MeterProvider({ readers: [reader] }) }
}

async function collect(reader: Reader): Promise<Map<string, CollectedMetric>> {
  const { resourceMetrics, errors } = await reader.collect()
  if (errors.length > 0) throw errors[0]
  const all = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)
  return new Map(all.map((metric) => [metric.descriptor.name, metric]))
}
