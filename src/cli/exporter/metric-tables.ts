/** Metric of one number of `stats`, `stats settings`, `stats items` or `stats slabs`. */
export interface Metric {
  /** After `memcached_`. */
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  /** Name of the number. */
  readonly stat: string
  /** Labels besides the slab class. */
  readonly labels?: Readonly<Record<string, string>>
}

type Row = readonly [name: string, stat: string, help: string]

function counters(rows: readonly Row[]): Metric[] {
  return rows.map(([name, stat, help]) => ({ name, type: 'counter', help, stat }))
}

function gauges(rows: readonly Row[]): Metric[] {
  return rows.map(([name, stat, help]) => ({ name, type: 'gauge', help, stat }))
}

/** Help of `commands_total`. */
export const COMMANDS_HELP = 'Commands by what came of them.'
/** Help of `slab_commands_total`. */
export const SLAB_COMMANDS_HELP = 'Commands by slab class and by what came of them.'

/** Names and labels are those of memcached_exporter (pkg/exporter/exporter.go), so that its dashboards and alerts fit. */
export const STATS_METRICS: readonly Metric[] = [
  ...counters([
    ['uptime_seconds', 'uptime', 'Seconds since the server was started.'],
    ['process_user_cpu_seconds_total', 'rusage_user', 'CPU time of the server in user mode.'],
    ['process_system_cpu_seconds_total', 'rusage_system', 'CPU time of the server in the kernel.'],
    ['read_bytes_total', 'bytes_read', 'Bytes read from the network.'],
    ['written_bytes_total', 'bytes_written', 'Bytes written to the network.'],
    ['connections_total', 'total_connections', 'Connections accepted since the start.'],
    ['connections_rejected_total', 'rejected_connections', 'Connections refused at the limit of -c.'],
    ['connections_yielded_total', 'conn_yields', 'Times a connection had to wait after -R commands.'],
    ['connections_listener_disabled_total', 'listen_disabled_num', 'Times the limit of -c stopped accepting.'],
    ['items_total', 'total_items', 'Items stored since the start.'],
    ['items_evicted_total', 'evictions', 'Live items removed to make room.'],
    ['items_reclaimed_total', 'reclaimed', 'Items stored in the memory of expired ones.'],
    ['item_too_large_total', 'store_too_large', 'Stores refused because the item is larger than -I.'],
    ['item_no_memory_total', 'store_no_memory', 'Stores refused for lack of memory.'],
    ['direct_reclaims_total', 'direct_reclaims', 'Times a worker had to free memory itself.'],
    ['lru_crawler_starts_total', 'lru_crawler_starts', 'Walks that the LRU crawler began.'],
    ['lru_crawler_reclaimed_total', 'crawler_reclaimed', 'Items that the LRU crawler freed.'],
    ['lru_crawler_items_checked_total', 'crawler_items_checked', 'Items that the LRU crawler looked at.'],
    ['lru_crawler_moves_to_cold_total', 'moves_to_cold', 'Items moved from HOT or WARM to COLD.'],
    ['lru_crawler_moves_to_warm_total', 'moves_to_warm', 'Items moved from COLD to WARM.'],
    ['lru_crawler_moves_within_lru_total', 'moves_within_lru', 'Items moved up within HOT or WARM.'],
  ]),
  ...gauges([
    ['time_seconds', 'time', 'Clock of the server, in seconds since 1970.'],
    ['current_connections', 'curr_connections', 'Connections that are open.'],
    ['accepting_connections', 'accepting_conns', 'Whether the server accepts connections.'],
    ['current_bytes', 'bytes', 'Bytes of all items.'],
    ['limit_bytes', 'limit_maxbytes', 'Bytes that the server may use for items.'],
    ['current_items', 'curr_items', 'Items that are stored.'],
  ]),
  ...['get', 'delete', 'incr', 'decr', 'cas', 'touch'].flatMap((command) =>
    (['hit', 'miss'] as const).map((status) =>
      commandMetric(
        'commands_total',
        COMMANDS_HELP,
        command,
        status,
        `${command}_${status === 'hit' ? 'hits' : 'misses'}`,
      ),
    ),
  ),
  commandMetric('commands_total', COMMANDS_HELP, 'cas', 'badval', 'cas_badval'),
  commandMetric('commands_total', COMMANDS_HELP, 'flush', 'hit', 'cmd_flush'),
]

function commandMetric(name: string, help: string, command: string, status: string, stat: string): Metric {
  return { name, type: 'counter', help, stat, labels: { command, status } }
}

/** Of a server with extstore. */
export const EXTSTORE_METRICS: readonly Metric[] = [
  ...counters([
    ['extstore_compact_lost_total', 'extstore_compact_lost', 'Items lost in compaction because they were locked.'],
    ['extstore_compact_rescued_total', 'extstore_compact_rescues', 'Items moved to another page by compaction.'],
    ['extstore_compact_skipped_total', 'extstore_compact_skipped', 'Items dropped by compaction as unused.'],
    ['extstore_pages_allocated_total', 'extstore_page_allocs', 'Pages taken into use.'],
    ['extstore_pages_evicted_total', 'extstore_page_evictions', 'Pages evicted with their items.'],
    ['extstore_pages_reclaimed_total', 'extstore_page_reclaims', 'Empty pages freed.'],
    ['extstore_objects_evicted_total', 'extstore_objects_evicted', 'Items evicted from storage.'],
    ['extstore_objects_read_total', 'extstore_objects_read', 'Items read from storage.'],
    ['extstore_objects_written_total', 'extstore_objects_written', 'Items written to storage.'],
    ['extstore_bytes_evicted_total', 'extstore_bytes_evicted', 'Bytes evicted from storage.'],
    ['extstore_bytes_written_total', 'extstore_bytes_written', 'Bytes written to storage.'],
    ['extstore_bytes_read_total', 'extstore_bytes_read', 'Bytes read from storage.'],
  ]),
  ...gauges([
    ['extstore_pages_free', 'extstore_pages_free', 'Pages without items.'],
    ['extstore_pages_used', 'extstore_pages_used', 'Pages with items.'],
    ['extstore_objects_used', 'extstore_objects_used', 'Items in storage.'],
    ['extstore_bytes_used', 'extstore_bytes_used', 'Bytes of items in storage.'],
    ['extstore_bytes_fragmented', 'extstore_bytes_fragmented', 'Bytes of used pages that hold no item.'],
    ['extstore_bytes_limit', 'extstore_limit_maxbytes', 'Bytes that storage may use.'],
    ['extstore_io_queue_depth', 'extstore_io_queue', 'Reads and writes that wait for storage.'],
  ]),
]

/** Of a server in proxy mode. */
export const PROXY_METRICS: readonly Metric[] = [
  ...counters([
    ['proxy_conn_requests_total', 'proxy_conn_requests', 'Requests of connections to the proxy.'],
    ['proxy_conn_errors_total', 'proxy_conn_errors', 'Errors of connections in proxy mode.'],
    ['proxy_conn_oom_total', 'proxy_conn_oom', 'Connections without memory in proxy mode.'],
    ['proxy_config_reloads_total', 'proxy_config_reloads', 'Times the configuration was read anew.'],
    ['proxy_config_reload_fails_total', 'proxy_config_reload_fails', 'Times the configuration could not be read.'],
    ['proxy_config_cron_runs_total', 'proxy_config_cron_runs', 'Runs of cron functions.'],
    ['proxy_config_cron_fails_total', 'proxy_config_cron_fails', 'Runs of cron functions that failed.'],
    ['proxy_backend_marked_bad_total', 'proxy_backend_marked_bad', 'Times a backend was marked bad.'],
    ['proxy_request_failed_depth_total', 'proxy_request_failed_depth', 'Requests refused for the depth of a queue.'],
    ['round_robin_fallback_total', 'round_robin_fallback', 'Connections given to workers in turn.'],
    ['unexpected_napi_ids_total', 'unexpected_napi_ids', 'Connections with an unknown NAPI id.'],
  ]),
  ...gauges([
    ['proxy_req_active', 'proxy_req_active', 'Requests that the proxy has under way.'],
    ['proxy_backend_total', 'proxy_backend_total', 'Backends that are configured.'],
    ['proxy_backend_failed', 'proxy_backend_failed', 'Backends that are failed.'],
  ]),
]

/** Of `stats settings`. */
export const SETTINGS_METRICS: readonly Metric[] = gauges([['max_connections', 'maxconns', 'Most connections (-c).']])

/** Of `stats settings`, where the LRU crawler is on. */
export const CRAWLER_METRICS: readonly Metric[] = gauges([
  ['lru_crawler_enabled', 'lru_crawler', 'Whether the LRU crawler is on.'],
  ['lru_crawler_sleep', 'lru_crawler_sleep', 'Microseconds that the LRU crawler sleeps between items.'],
  ['lru_crawler_to_crawl', 'lru_crawler_tocrawl', 'Most items of a class that a walk looks at; 0: all.'],
  ['lru_crawler_maintainer_thread', 'lru_maintainer_thread', 'Whether the LRU maintainer is on.'],
  ['lru_crawler_hot_percent', 'hot_lru_pct', 'Share of a class for HOT items, in percent.'],
  ['lru_crawler_warm_percent', 'warm_lru_pct', 'Share of a class for WARM items, in percent.'],
  ['lru_crawler_hot_max_factor', 'hot_max_factor', 'Age of HOT items, as a share of the age of COLD ones.'],
  ['lru_crawler_warm_max_factor', 'warm_max_factor', 'Age of WARM items, as a share of the age of COLD ones.'],
])

/** Of `stats items`, by slab class. */
export const ITEMS_METRICS: readonly Metric[] = [
  ...gauges([
    ['slab_current_items', 'number', 'Items of the class.'],
    ['slab_items_age_seconds', 'age', 'Age of the oldest item.'],
    ['slab_items_evicted_time_seconds', 'evicted_time', 'Seconds since the last access of the item evicted last.'],
    ['slab_mem_requested_bytes', 'mem_requested', 'Bytes that items asked for.'],
    ['slab_hot_items', 'number_hot', 'Items in HOT.'],
    ['slab_warm_items', 'number_warm', 'Items in WARM.'],
    ['slab_cold_items', 'number_cold', 'Items in COLD.'],
    ['slab_temporary_items', 'number_temp', 'Items in TEMPORARY.'],
    ['slab_hot_age_seconds', 'age_hot', 'Age of the oldest item in HOT.'],
    ['slab_warm_age_seconds', 'age_warm', 'Age of the oldest item in WARM.'],
  ]),
  ...counters([
    ['slab_items_crawler_reclaimed_total', 'crawler_reclaimed', 'Items freed by the LRU crawler.'],
    ['slab_items_evicted_total', 'evicted', 'Live items removed to make room.'],
    ['slab_items_evicted_nonzero_total', 'evicted_nonzero', 'Evicted items that had a time to live.'],
    ['slab_items_evicted_unfetched_total', 'evicted_unfetched', 'Evicted items that were never read.'],
    ['slab_items_expired_unfetched_total', 'expired_unfetched', 'Expired items that were never read.'],
    ['slab_items_outofmemory_total', 'outofmemory', 'Stores refused for lack of memory.'],
    ['slab_items_reclaimed_total', 'reclaimed', 'Items stored in the memory of expired ones.'],
    ['slab_items_tailrepairs_total', 'tailrepairs', 'Items freed although something still held them.'],
    ['slab_items_moves_to_cold', 'moves_to_cold', 'Items moved from HOT or WARM to COLD.'],
    ['slab_items_moves_to_warm', 'moves_to_warm', 'Items moved from COLD to WARM.'],
    ['slab_items_moves_within_lru', 'moves_within_lru', 'Items moved up within HOT or WARM.'],
  ]),
  ...(['hot', 'warm', 'cold', 'temp'] as const).map((lru): Metric => {
    const labels = { lru: lru === 'temp' ? 'temporary' : lru }
    return {
      name: 'slab_lru_hits_total',
      type: 'counter',
      help: 'Reads that hit, by LRU.',
      stat: `hits_to_${lru}`,
      labels,
    }
  }),
]

/** Of `stats slabs`, of all classes together. */
export const SLABS_TOTAL_METRICS: readonly Metric[] = gauges([
  ['malloced_bytes', 'total_malloced', 'Bytes of all slab pages.'],
])

/** Of `stats slabs`, by slab class. */
export const SLABS_METRICS: readonly Metric[] = [
  ...gauges([
    ['slab_chunk_size_bytes', 'chunk_size', 'Bytes of a chunk.'],
    ['slab_chunks_per_page', 'chunks_per_page', 'Chunks of a page.'],
    ['slab_current_pages', 'total_pages', 'Pages of the class.'],
    ['slab_current_chunks', 'total_chunks', 'Chunks of the class.'],
    ['slab_chunks_used', 'used_chunks', 'Chunks that hold items.'],
    ['slab_chunks_free', 'free_chunks', 'Chunks that hold none.'],
    ['slab_chunks_free_end', 'free_chunks_end', 'Chunks at the end of the newest page that were never used.'],
    // Before memcached 1.6 it was reported with the chunks.
    ['slab_mem_requested_bytes', 'mem_requested', 'Bytes that items asked for.'],
  ]),
  ...['get', 'delete', 'incr', 'decr', 'cas', 'touch'].map((command) =>
    commandMetric('slab_commands_total', SLAB_COMMANDS_HELP, command, 'hit', `${command}_hits`),
  ),
  commandMetric('slab_commands_total', SLAB_COMMANDS_HELP, 'cas', 'badval', 'cas_badval'),
]
