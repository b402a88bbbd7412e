import type { ClientMetrics } from '../client/metrics.ts'
import { InvalidInputError } from '../errors.ts'
import { isRecord } from '../known-options.ts'
import { showValue } from '../show-value.ts'
import { isSource, labelClients } from './clients.ts'
import { type Family, familiesOf, type Sample } from './families.ts'
import { type PrometheusOptions, resolveOptions } from './options.ts'

/** Type of the content that {@link toPrometheus} makes. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Writes what a client has counted as text for Prometheus, in the format 0.0.4.
 *
 * @param clients - What `metrics()` of a client returned; of several, by names that become the label `client`.
 * @returns Lines of text; for the header `Content-Type`, see {@link PROMETHEUS_CONTENT_TYPE}.
 */
export function toPrometheus(
  clients: ClientMetrics | Readonly<Record<string, ClientMetrics>>,
  options: PrometheusOptions = {},
): string {
  const { prefix, labels } = resolveOptions(options, 'toPrometheus')
  const labeled = labelClients(clients, labels, isMetrics, notMetrics)
  const families = familiesOf(
    labeled.map(([own, metrics]) => ({ labels: own, metrics })),
    prefix,
  )
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(writeFamily)
    .join('')
}

/** Whether it has the numbers of one client, and not of several by name. */
function isMetrics(value: unknown): value is ClientMetrics {
  return isRecord(value) && 'since' in value && value.since instanceof Date
}

function notMetrics(value: unknown): InvalidInputError {
  const hint = isSource(value) ? '; call toPrometheus(cache.metrics())' : ''
  return new InvalidInputError(`toPrometheus takes what metrics() of a client returns, got ${showValue(value)}${hint}`)
}

function writeFamily({ name, help, type, samples }: Family): string {
  const lines = samples.map((sample) => `${writeSample(name, sample)}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function writeSample(name: string, { suffix = '', labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return `${name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
