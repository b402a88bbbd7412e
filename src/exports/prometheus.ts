export type { MetricsSource } from '../prometheus/clients.ts'
export type { PrometheusOptions } from '../prometheus/options.ts'
export {
  type PrometheusRegistry,
  type RegistryMetric,
  registerMemlane,
} from '../prometheus/register.ts'
export { PROMETHEUS_CONTENT_TYPE, toPrometheus } from '../prometheus/to-prometheus.ts'
