const SLAB = 'slab'

/** Names and labels of memcached_exporter (pkg/exporter/exporter.go) for a server with its defaults: without extstore, proxy and temporary items. */
export const GOLDEN: readonly string[] = [
  ...`up uptime_seconds time_seconds version{version} process_user_cpu_seconds_total process_system_cpu_seconds_total
  read_bytes_total written_bytes_total current_connections max_connections connections_total connections_rejected_total
  connections_yielded_total connections_listener_disabled_total accepting_connections current_bytes limit_bytes
  current_items items_total items_evicted_total items_reclaimed_total item_too_large_total item_no_memory_total
  direct_reclaims_total malloced_bytes`.split(/\s+/),
  ...['get', 'delete', 'incr', 'decr', 'cas', 'touch'].flatMap((command) => [
    `commands_total{command=${command},status=hit}`,
    `commands_total{command=${command},status=miss}`,
  ]),
  'commands_total{command=cas,status=badval}',
  'commands_total{command=flush,status=hit}',
  'commands_total{command=set,status=hit}',
  ...`enabled sleep to_crawl maintainer_thread hot_percent warm_percent hot_max_factor warm_max_factor starts_total
  reclaimed_total items_checked_total moves_to_cold_total moves_to_warm_total moves_within_lru_total`
    .split(/\s+/)
    .map((name) => `lru_crawler_${name}`),
  ...`current_items items_age_seconds items_crawler_reclaimed_total items_evicted_total items_evicted_nonzero_total
  items_evicted_time_seconds items_evicted_unfetched_total items_expired_unfetched_total items_outofmemory_total
  items_reclaimed_total items_tailrepairs_total items_moves_to_cold items_moves_to_warm items_moves_within_lru hot_items
  warm_items cold_items hot_age_seconds warm_age_seconds chunk_size_bytes chunks_per_page current_pages
  current_chunks chunks_used chunks_free chunks_free_end mem_requested_bytes`
    .split(/\s+/)
    .map((name) => `slab_${name}{${SLAB}}`),
  ...['hot', 'warm', 'cold', 'temporary'].map((lru) => `slab_lru_hits_total{${SLAB},lru=${lru}}`),
  ...['get', 'delete', 'incr', 'decr', 'cas', 'touch', 'set'].map(
    (command) => `slab_commands_total{${SLAB},command=${command},status=hit}`,
  ),
  `slab_commands_total{${SLAB},command=cas,status=badval}`,
].map((name) => `memcached_${name}`)

/** Names and labels in a text for Prometheus, without the values of the labels that differ from server to server. */
export function namesIn(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const names = lines.map((line) => line.slice(0, line.lastIndexOf(' ')).replaceAll('"', ''))
  return [...new Set(names.map((name) => name.replaceAll(/(slab|version|server)=[^,}]*/g, '$1')))]
}
