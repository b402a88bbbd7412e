import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { traced } from '../support/channels.ts'
import { rejection } from '../support/eventually.ts'
import { patient } from '../support/memcache-options.ts'

/** Stands for every value. */
const SECRET = 'secret-value'

async function connect(): Promise<Memcache> {
  const server = await MemcachedServer.start()
  onTestFinished(() => server.close())
  const cache = new Memcache(server.address, patient)
  onTestFinished(() => cache.destroy())
  return cache
}

async function callSome(cache: Memcache): Promise<void> {
  await cache.set('private', SECRET)
  await cache.get('private')
  await cache.get('missing')
  await cache.getMany(['private', 'missing'])
  await cache.delete('private')
  await rejection(cache.get('x'.repeat(300)))
}

/** What an example exports; examples have no types. */
async function example(name: string): Promise<Readonly<Record<string, (library: object) => void>>> {
  return import(`../../examples/observability/${name}.mjs`)
}

/** A span of whatever library, as the log of what was done with it. */
class LoggedSpan {
  readonly log: unknown[]

  constructor(...begin: unknown[]) {
    this.log = begin
  }

  setStatus(status: unknown): void {
    this.log.push(status)
  }

  setAttribute(name: string, value: unknown): void {
    this.log.push({ [name]: value })
  }

  setAttributes(attributes: unknown): void {
    this.log.push(attributes)
  }

  addTags(tags: unknown): void {
    this.log.push(tags)
  }

  setTag(name: string, value: unknown): void {
    this.log.push({ [name]: value })
  }

  end(): void {
    this.log.push('end')
  }

  finish(): void {
    this.log.push('finish')
  }
}

describe('the examples of subscribers', () => {
  // They subscribe for as long as the process lives.
  const sentrySpans: LoggedSpan[] = []
  const datadogSpans: LoggedSpan[] = []

  beforeAll(async () => {
    const { traceWithSentry } = await example('sentry')
    const { traceWithDatadog } = await example('datadog')
    traceWithSentry!({
      startInactiveSpan: ({ name, op }: { name: string; op: string }) => {
        sentrySpans.push(new LoggedSpan(name, op))
        return sentrySpans.at(-1)
      },
    })
    traceWithDatadog!({
      scope: () => ({ active: () => null }),
      startSpan: (name: string, { tags }: { tags: Record<string, unknown> }) => {
        datadogSpans.push(new LoggedSpan(name, tags['resource.name']))
        return datadogSpans.at(-1)
      },
    })
  })

  it('make spans of Sentry, each ended once', async () => {
    sentrySpans.length = 0
    await callSome(await connect())
    expect(sentrySpans.map(({ log }) => log)).toEqual([
      ['set', 'cache.put', 'end'],
      ['get', 'cache.get', { 'cache.hit': true }, 'end'],
      ['get', 'cache.get', { 'cache.hit': false }, 'end'],
      ['getMany', 'cache.get', 'end'],
      ['delete', 'cache.put', 'end'],
      ['get', 'cache.get', { code: 2, message: 'MEMLANE_INVALID_INPUT' }, 'end'],
    ])
  })

  it('make spans of Datadog, each finished once', async () => {
    datadogSpans.length = 0
    await callSome(await connect())
    expect(datadogSpans.map(({ log }) => log)).toEqual([
      datadogSpan('set', { 'memcached.result': 'stored' }),
      datadogSpan('get', { 'memcached.result': 'hit' }),
      datadogSpan('get', { 'memcached.result': 'miss' }),
      datadogSpan('getMany'),
      datadogSpan('delete', { 'memcached.result': 'ok' }),
      datadogSpan('get', { error: 1, 'error.type': 'MEMLANE_INVALID_INPUT' }),
    ])
  })
})

/** What Sentry 11 reads of the contexts of a client of Redis, and when it ends a span. */
interface SentryData {
  readonly command: string
  readonly args: readonly string[]
  readonly serverAddress?: string
  readonly serverPort?: number
  readonly result?: unknown
  readonly error?: unknown
  _sentrySpan?: LoggedSpan
  _sentryCallerStore?: unknown
}

/** As `bindTracingChannelToSpan` of @sentry/server-utils 11.12 and its subscriber of ioredis: the same reads. */
function subscribeAsSentry(stores: AsyncLocalStorage<unknown>): LoggedSpan[] {
  const spans: LoggedSpan[] = []
  const channel = tracingChannel<unknown, SentryData>('memlane:command')
  channel.start.bindStore(stores, (data) => {
    data._sentryCallerStore = stores.getStore()
    const statement = data.args.length > 0 ? `${data.command} ${data.args.join(' ')}` : data.command
    data._sentrySpan = new LoggedSpan(statement, typeof data.serverAddress, typeof data.serverPort)
    spans.push(data._sentrySpan)
    return data._sentrySpan
  })
  onTestFinished(() => void channel.start.unbindStore(stores))
  traced('memlane:command', {
    end: (data: SentryData) => {
      if ('error' in data || 'result' in data) data._sentrySpan?.end()
    },
    error: (data: SentryData) => data._sentrySpan?.setStatus('error'),
    asyncEnd: (data: SentryData) => {
      if (!('error' in data)) data._sentrySpan?.setAttributes({ result: data.result })
      data._sentrySpan?.end()
    },
  } as Parameters<typeof traced>[1])
  return spans
}

describe('a subscriber that reads what Sentry reads', () => {
  it('ends each span once, when the call has ended', async () => {
    const spans = subscribeAsSentry(new AsyncLocalStorage())
    await callSome(await connect())
    const rest = ['string', 'number']
    expect(spans.map(({ log }) => log)).toEqual([
      ['set ?', ...rest, { result: 'stored' }, 'end'],
      ['get ?', ...rest, { result: 'hit' }, 'end'],
      ['get ?', ...rest, { result: 'miss' }, 'end'],
      ['getMany ?', ...rest, { result: { hits: 1, misses: 1 } }, 'end'],
      ['delete ?', ...rest, { result: 'ok' }, 'end'],
      ['get ?', ...rest, 'error', 'end'],
    ])
  })

  it('has its span active in a loader, and its caller’s store after the call', async () => {
    const stores = new AsyncLocalStorage<unknown>()
    const spans = subscribeAsSentry(stores)
    const cache = await connect()
    await stores.run('request', async () => {
      let seen: unknown
      await cache.getOrSet('user', () => {
        seen = stores.getStore()
        return SECRET
      })
      expect(seen).toBe(spans[0])
      expect(stores.getStore()).toBe('request')
    })
  })
})

describe('a subscriber that reads what dd-trace reads', () => {
  it('binds a store at the start, and finishes at asyncEnd', async () => {
    const stores = new AsyncLocalStorage<{ span: LoggedSpan }>()
    const channel = tracingChannel<unknown, { command: string; currentStore?: { span: LoggedSpan } }>('memlane:command')
    const spans: LoggedSpan[] = []
    // As the plugins for tracing: bindStart sets currentStore, error tags its span, asyncEnd finishes it.
    channel.start.bindStore(stores, (context) => {
      context.currentStore = { span: new LoggedSpan(context.command) }
      spans.push(context.currentStore.span)
      return context.currentStore
    })
    onTestFinished(() => void channel.start.unbindStore(stores))
    traced('memlane:command', {
      error: (context: { currentStore?: { span: LoggedSpan }; error?: unknown }) =>
        context.currentStore?.span.addTags(typeof context.error),
      asyncEnd: (context: { currentStore?: { span: LoggedSpan } }) => context.currentStore?.span.finish(),
    } as Parameters<typeof traced>[1])
    await callSome(await connect())
    expect(spans.map(({ log }) => log)).toEqual([
      ['set', 'finish'],
      ['get', 'finish'],
      ['get', 'finish'],
      ['getMany', 'finish'],
      ['delete', 'finish'],
      ['get', 'object', 'finish'],
    ])
  })
})

function datadogSpan(command: string, ...log: unknown[]): unknown[] {
  return ['memcached.command', command, ...log, 'finish']
}
