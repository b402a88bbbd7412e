import { InvalidInputError } from '../errors.ts'
import { checkOptions, isRecord } from '../known-options.ts'
import { refused } from '../option-checks.ts'
import { showValue } from '../show-value.ts'
import type { Labels } from './families.ts'

/** Options of {@link toPrometheus} and {@link registerMemlane}. */
export interface PrometheusOptions {
  /**
   * Beginning of the names of all metrics.
   *
   * @defaultValue `'memlane_client_'`
   */
  readonly prefix?: string
  /**
   * Labels of all samples.
   *
   * @defaultValue `{}`
   */
  readonly labels?: Readonly<Record<string, string>>
}

/** Options with what they stand for. */
export interface ResolvedPrometheusOptions {
  readonly prefix: string
  readonly labels: Labels
}

/** Name of a label or of a metric, without the colon, which is for recording rules. */
const NAME = /^[A-Za-z_]\w*$/

/** Checks options. */
export function resolveOptions(options: PrometheusOptions, shown: string): ResolvedPrometheusOptions {
  checkOptions(options, ['prefix', 'labels'], shown)
  const { prefix = 'memlane_client_', labels = {} } = options
  if (!isName(prefix)) throw refused('prefix', 'the beginning of a name, such as memlane_client_', prefix)
  if (!isRecord(labels)) throw refused('labels', 'an object of texts', labels)
  for (const [name, value] of Object.entries<unknown>(labels)) {
    if (!isName(name)) throw new InvalidInputError(`${showValue(name)} cannot be the name of a label`)
    if (typeof value !== 'string') throw refused(`labels.${name}`, 'a text', value)
  }
  return { prefix, labels }
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && NAME.test(name)
}
