// Starts OpenTelemetry with spans that go to the console, one line of JSON each. Loaded before anything makes spans.
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { instrumentMemlane } from 'memlane/otel'

/** Writes spans that have ended. In production: an exporter of OpenTelemetry, behind a `BatchSpanProcessor`. */
class ConsoleExporter {
  export(spans, done) {
    for (const { name, attributes, status, parentSpanContext } of spans) {
      console.log(JSON.stringify({ name, attributes, status, parent: parentSpanContext?.spanId }))
    }
    done({ code: 0 })
  }

  async shutdown() {}
}

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ConsoleExporter())] }),
)
instrumentMemlane()
