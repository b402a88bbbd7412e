import type { ClientMetrics } from '../client/metrics.ts'
import { isRecord } from '../known-options.ts'
import type { Labels } from './families.ts'

/** A client whose numbers are read: `Memcache`, `MetaClient`, or a synchronous client. */
export interface MetricsSource {
  /** Returns what it has counted. */
  metrics(): ClientMetrics
}

/** Whether it is a client. A namespace is none: its calls count with those of its client. */
export function isSource(value: unknown): value is MetricsSource {
  return isRecord(value) && 'metrics' in value && typeof value.metrics === 'function'
}

/** Numbers of a client, or a client, with the labels of its samples. */
export type Labeled<T> = readonly [labels: Labels, one: T]

/**
 * Gives each client its labels: one client those of all samples, several the label `client` too.
 *
 * @param isOne - Whether a value is one client.
 * @param refuse - Makes the error for a value that is none, and not several by name.
 */
export function labelClients<T>(
  clients: T | Readonly<Record<string, T>>,
  labels: Labels,
  isOne: (value: unknown) => value is T,
  refuse: (value: unknown) => Error,
): Labeled<T>[] {
  if (isOne(clients)) return [[labels, clients]]
  if (isSource(clients) || !isNamed(clients)) throw refuse(clients)
  return Object.entries<unknown>(clients).map(([client, one]) => {
    if (!isOne(one)) throw refuse(one)
    return [{ ...labels, client }, one]
  })
}

/** Whether it is a plain object, which may have clients by their names. */
function isNamed(value: unknown): value is object {
  if (!isRecord(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
