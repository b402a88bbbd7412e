import type { ClientMetrics } from '../client/metrics.ts'
import { isRecord } from '../known-options.ts'

/** A client whose numbers are read: `Memcache`, `MetaClient`, or a synchronous client. */
export interface MetricsSource {
  /** Returns what it has counted. */
  metrics(): ClientMetrics
}

/** Whether it is a client. A namespace is none: its calls count with those of its client. */
export function isSource(value: unknown): value is MetricsSource {
  return isRecord(value) && 'metrics' in value && typeof value.metrics === 'function'
}

/** Whether it is a plain object, which may have clients by their names. */
export function isNamed(value: unknown): value is object {
  if (!isRecord(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
