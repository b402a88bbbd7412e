import { describe, expect, it } from 'vitest'
import { type PrometheusRegistry, registerMemlane } from '../../src/prometheus/register.ts'
import { toPrometheus } from '../../src/prometheus/to-prometheus.ts'
import { CLIENT_METRICS } from '../support/client-metrics.ts'
import { library } from './library.ts'

interface Registry extends PrometheusRegistry {
  metrics(): Promise<string>
  resetMetrics(): void
  setContentType(type: string): void
  setDefaultLabels(labels: object): void
  getMetricsAsArray(): unknown[]
}
interface PromClient {
  readonly Registry: (new () => Registry) & { readonly OPENMETRICS_CONTENT_TYPE: string }
}

/** The lines with samples, in no particular order. */
function samplesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .toSorted()
}

/** A client that counts how often its numbers are read. */
function createSource() {
  const source = { reads: 0, metrics: () => ({ ...CLIENT_METRICS, retries: ++source.reads }) }
  return source
}

describe('registerMemlane', () => {
  const { Registry } = library('prom-client') as PromClient

  it('adds to a registry of prom-client what toPrometheus writes', async () => {
    const registry = new Registry()
    registerMemlane(registry, { metrics: () => CLIENT_METRICS })
    expect(samplesOf(await registry.metrics())).toEqual(samplesOf(toPrometheus(CLIENT_METRICS)))
  })

  it('reads all numbers at one moment, and again at the next', async () => {
    const registry = new Registry()
    const source = createSource()
    registerMemlane(registry, { users: source }, { labels: { app: 'shop' } })
    expect(await registry.metrics()).toContain('memlane_client_retries_total{app="shop",client="users"} 1\n')
    registry.resetMetrics()
    expect(await registry.metrics()).toContain('memlane_client_retries_total{app="shop",client="users"} 2\n')
    expect(source.reads).toBe(2)
  })

  it('has the names of OpenMetrics where the registry writes that', async () => {
    const registry = new Registry()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    registerMemlane(registry, { metrics: () => CLIENT_METRICS })
    const text = await registry.metrics()
    expect(text).toContain('# TYPE memlane_client_retries counter\nmemlane_client_retries_total 11\n')
    expect(text).toContain('memlane_client_duration_seconds_count 8\n')
  })

  it('removes its metrics at the end, and also when one of them has a name that is taken', async () => {
    const registry = new Registry()
    const registered = registerMemlane(registry, { metrics: () => CLIENT_METRICS })
    expect(() => registerMemlane(registry, { metrics: () => CLIENT_METRICS })).toThrow('already been registered')
    expect(await registry.metrics()).toContain('memlane_client_retries_total 11\n')
    registered[Symbol.dispose]()
    expect(registry.getMetricsAsArray()).toEqual([])
  })

  it('says what it needs where it gets something else', () => {
    expect(() => registerMemlane(undefined as never, { metrics: () => CLIENT_METRICS })).toThrow(
      'npm install prom-client',
    )
    expect(() => registerMemlane(new Registry(), { cache: {} } as never)).toThrow(
      'registerMemlane takes a Memcache or a MetaClient, or an object of them by name, got an object',
    )
  })
})
