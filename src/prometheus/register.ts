import { InvalidInputError } from '../errors.ts'
import { isRecord } from '../known-options.ts'
import { showValue } from '../show-value.ts'
import { isSource, type Labeled, labelClients, type MetricsSource } from './clients.ts'
import { type Family, familiesOf, type LabeledMetrics } from './families.ts'
import { type PrometheusOptions, resolveOptions } from './options.ts'

/** Metric of a registry. */
export interface RegistryMetric {
  /** Returns its name, help, type and values. */
  get(): Promise<unknown>
  /** Called by `resetMetrics` of the registry. */
  reset(): void
}

/** `Registry` of prom-client 15 or newer, as far as memlane uses it. */
export interface PrometheusRegistry {
  /** Content type of what it writes; that of OpenMetrics has other names of counters. */
  readonly contentType: string
  /** Adds a metric. */
  registerMetric(metric: RegistryMetric): void
  /** Removes a metric by its name. */
  removeSingleMetric(name: string): void
}

/**
 * Adds what clients count to a registry of prom-client. The numbers are read when the registry is asked for them. prom-client
 * itself is not loaded: the registry is all that is needed.
 *
 * @param clients - A client; or several, by names that become the label `client`.
 * @returns An object whose `[Symbol.dispose]()` removes the metrics from the registry.
 * @throws If the registry has a metric of the same name, or is none of prom-client.
 */
export function registerMemlane(
  registry: PrometheusRegistry,
  clients: MetricsSource | Readonly<Record<string, MetricsSource>>,
  options: PrometheusOptions = {},
): Disposable {
  checkRegistry(registry)
  const { prefix, labels } = resolveOptions(options, 'registerMemlane')
  const snapshot = new Snapshot(labelClients(clients, labels, isSource, notClient), prefix)
  const names = snapshot.names
  const registered: string[] = []
  const remove = (): void => {
    for (const name of registered.splice(0)) registry.removeSingleMetric(name)
  }
  try {
    names.forEach((name, index) => {
      registry.registerMetric(new ClientMetric(name, () => snapshot.family(index), registry))
      registered.push(name)
    })
  } catch (error) {
    remove()
    throw error
  }
  return { [Symbol.dispose]: remove }
}

function checkRegistry(registry: unknown): void {
  if (isRecord(registry) && 'registerMetric' in registry && 'removeSingleMetric' in registry) return
  throw new InvalidInputError(
    `registerMemlane needs a Registry of prom-client 15 or newer (npm install prom-client), got ${showValue(registry)}; ` +
      'without prom-client, use toPrometheus',
  )
}

function notClient(value: unknown): InvalidInputError {
  return new InvalidInputError(
    `registerMemlane takes a Memcache or a MetaClient, or an object of them by name, got ${showValue(value)}`,
  )
}

/** Numbers of all clients at one moment: a registry asks each of its metrics in the same turn. */
class Snapshot {
  readonly #sources: readonly Labeled<MetricsSource>[]
  readonly #prefix: string
  #families: readonly Family[] | undefined = undefined

  constructor(sources: readonly Labeled<MetricsSource>[], prefix: string) {
    this.#sources = sources
    this.#prefix = prefix
  }

  /** Names of the families, in their order. */
  get names(): string[] {
    return familiesOf([], this.#prefix).map(({ name }) => name)
  }

  family(index: number): Family {
    if (this.#families === undefined) {
      this.#families = familiesOf(this.#sources.map(read), this.#prefix)
      queueMicrotask(() => {
        this.#families = undefined
      })
    }
    return this.#families[index]!
  }
}

function read([labels, source]: Labeled<MetricsSource>): LabeledMetrics {
  return { labels, metrics: source.metrics() }
}

/** One family as a metric of a registry. */
class ClientMetric implements RegistryMetric {
  readonly name: string
  readonly #read: () => Family
  readonly #registry: PrometheusRegistry

  constructor(name: string, readFamily: () => Family, registry: PrometheusRegistry) {
    this.name = name
    this.#read = readFamily
    this.#registry = registry
  }

  async get(): Promise<unknown> {
    const { help, type, samples } = this.#read()
    const name = this.#nameOf(type)
    const values = samples.map(({ suffix = '', labels, value }) => ({ metricName: `${name}${suffix}`, labels, value }))
    return { name, help, type, values, aggregator: 'sum' }
  }

  /** prom-client writes `_total` after the names of counters in the format of OpenMetrics. */
  #nameOf(type: Family['type']): string {
    const isOpenMetrics = type === 'counter' && this.#registry.contentType.startsWith('application/openmetrics-text')
    return isOpenMetrics ? this.name.replace(/_total$/, '') : this.name
  }

  /** The numbers are the client's: `resetMetrics` of the client sets them back. */
  reset(): void {}
}
