import { InvalidInputError } from '../errors.ts'
import { checkOptions, isRecord } from '../known-options.ts'
import { flag, refused } from '../option-checks.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import type { OtelApi, OtelMeter, OtelMeterProvider, OtelTracer, OtelTracerProvider } from './api.ts'
import { isApi, loadApi } from './load-api.ts'

/** Which spans are made; see {@link InstrumentOptions}. */
export type SpanGranularity = 'command' | 'batch' | 'off'

/** Options of {@link instrumentMemlane}. */
export interface InstrumentOptions {
  /**
   * Provider of the tracer.
   *
   * @defaultValue The provider that is registered globally.
   */
  readonly tracerProvider?: OtelTracerProvider
  /**
   * Provider of the meter.
   *
   * @defaultValue The provider that is registered globally when `instrumentMemlane` is called: start the SDK first.
   */
  readonly meterProvider?: OtelMeterProvider
  /**
   * Whether spans show keys, in `db.query.text`, and messages of errors, which may name keys. A function returns the text
   * that stands for a key. Metrics never have keys.
   *
   * @defaultValue `false`
   */
  readonly keys?: boolean | ((key: Key) => string)
  /**
   * Which spans are made: one for each public call (`'command'`), one for each write to a connection (`'batch'`), or none.
   *
   * @defaultValue `'command'`
   */
  readonly spans?: SpanGranularity
  /**
   * Whether spans are made only where another span is active. `false`: calls outside of a span begin a trace of their own.
   *
   * @defaultValue `true`
   */
  readonly requireParentSpan?: boolean
  /**
   * The module `@opentelemetry/api`, for bundles, in which it cannot be loaded by its name:
   * `import * as api from '@opentelemetry/api'`.
   *
   * @defaultValue What `require('@opentelemetry/api')` gives.
   */
  readonly api?: OtelApi
}

/** Text of keys for spans; undefined: keys are not shown. */
export type ShowKey = ((key: Key) => string) | undefined

/** Options with what they stand for. */
export interface ResolvedInstrumentOptions {
  readonly api: OtelApi
  readonly tracer: OtelTracer
  readonly meter: OtelMeter
  readonly showKey: ShowKey
  readonly spans: SpanGranularity
  readonly requiresParent: boolean
}

const NAMES = ['tracerProvider', 'meterProvider', 'keys', 'spans', 'requireParentSpan', 'api']
const SPANS: readonly unknown[] = ['command', 'batch', 'off'] satisfies SpanGranularity[]

/** Name of the tracer and of the meter. */
const SCOPE = 'memlane'

/** Checks options and loads the module that they leave out. */
export function resolveOptions(options: InstrumentOptions): ResolvedInstrumentOptions {
  checkOptions(options, NAMES, 'instrumentMemlane')
  const { spans = 'command', keys = false } = options
  if (!SPANS.includes(spans)) throw refused('spans', "'command', 'batch' or 'off'", spans)
  if (typeof keys !== 'boolean' && typeof keys !== 'function') throw refused('keys', 'true, false or a function', keys)
  const requiresParent = flag('requireParentSpan', options.requireParentSpan, true)
  const api = options.api ?? loadApi()
  if (!isApi(api)) {
    throw new InvalidInputError("option api must be the module: import * as api from '@opentelemetry/api'")
  }
  const { tracerProvider = api.trace, meterProvider = api.metrics } = options
  checkProvider('tracerProvider', tracerProvider, 'getTracer')
  checkProvider('meterProvider', meterProvider, 'getMeter')
  const tracer = tracerProvider.getTracer(SCOPE)
  const meter = meterProvider.getMeter(SCOPE)
  return { api, tracer, meter, showKey: resolveKeys(keys), spans, requiresParent }
}

function checkProvider(name: string, provider: object, method: string): void {
  if (isRecord(provider) && typeof provider[method as never] === 'function') return
  throw refused(name, `a provider, with the method ${method}`, provider)
}

function resolveKeys(keys: boolean | ((key: Key) => string)): ShowKey {
  if (typeof keys === 'function') return keys
  return keys ? quoteKey : undefined
}
