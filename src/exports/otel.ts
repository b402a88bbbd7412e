export type {
  OtelApi,
  OtelAttributes,
  OtelCounter,
  OtelHistogram,
  OtelInstrumentOptions,
  OtelMeter,
  OtelMeterProvider,
  OtelSpan,
  OtelSpanOptions,
  OtelTracer,
  OtelTracerProvider,
} from '../otel/api.ts'
export { instrumentMemlane } from '../otel/instrument.ts'
export type { InstrumentOptions, SpanGranularity } from '../otel/options.ts'
