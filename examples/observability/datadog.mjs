// Spans of Datadog for every call of memlane: traceWithDatadog(tracer), with the tracer that dd-trace's init() returned.
import { tracingChannel } from 'node:diagnostics_channel'

export function traceWithDatadog(tracer) {
  const spans = new WeakMap()
  tracingChannel('memlane:command').subscribe({
    start(context) {
      const kind = {
        'service.name': 'memcached',
        'span.type': 'memcached',
        'span.kind': 'client',
        component: 'memlane',
      }
      const tags = { ...kind, 'resource.name': context.command, 'out.host': context.serverAddress }
      spans.set(context, tracer.startSpan('memcached.command', { childOf: tracer.scope().active() ?? undefined, tags }))
    },
    asyncEnd(context) {
      const span = spans.get(context)
      if ('error' in context) span?.addTags({ error: 1, 'error.type': context.error?.code ?? 'Error' })
      if (typeof context.result === 'string') span?.setTag('memcached.result', context.result)
      span?.finish()
    },
  })
}
