// Spans of Sentry for every call of memlane: traceWithSentry(Sentry), after Sentry.init(…).
import { tracingChannel } from 'node:diagnostics_channel'

export function traceWithSentry(Sentry) {
  const spans = new WeakMap()
  tracingChannel('memlane:command').subscribe({
    start(context) {
      const { command, serverAddress, serverPort } = context
      const op = /^(?:get|gat|has|pop)/.test(command) ? 'cache.get' : 'cache.put'
      const server = { 'server.address': serverAddress, 'server.port': serverPort }
      const attributes = { 'db.system.name': 'memcached', 'db.operation.name': command, ...server }
      spans.set(context, Sentry.startInactiveSpan({ name: command, op, attributes, onlyIfParent: true }))
    },
    asyncEnd(context) {
      const span = spans.get(context)
      if ('error' in context) span?.setStatus({ code: 2, message: context.error?.code ?? 'internal_error' })
      if (/hit|miss/.test(context.result)) span?.setAttribute('cache.hit', context.result === 'hit')
      span?.end()
    },
  })
}
