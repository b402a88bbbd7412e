export type { PrometheusOptions } from '../prometheus/options.ts'
export {
  type MetricsSource,
  type PrometheusRegistry,
  type RegistryMetric,
  registerMemlane,
} from '../prometheus/register.ts'
export { PROMETHEUS_CONTENT_TYPE, toPrometheus } from '../prometheus/to-prometheus.ts'
