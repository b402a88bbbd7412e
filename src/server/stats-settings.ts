import { showDecimal } from './decimal.ts'
import type { Engine } from './engine.ts'
import { type Stat, statLines } from './stat-lines.ts'

/**
 * Returns `stats settings`: real values for settable settings; the rest has memcached's defaults, or is reported as
 * off.
 */
export function settingsStats(engine: Engine): string {
  return statLines([
    ...limitStats(engine),
    ...protocolStats(engine),
    ...slabStats(engine),
    ...lruStats(engine),
    ...bufferStats(engine),
    ...extstoreStats(engine),
    ...tlsStats(engine),
  ])
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no'
}

function limitStats({ store, maxConnections, listening, settings, shutDown }: Engine): Stat[] {
  return [
    ['maxbytes', store.memoryBytes],
    ['maxconns', maxConnections],
    ['tcpport', listening.port],
    ['udpport', 0],
    ['inter', listening.host === '' ? 'NULL' : listening.host],
    ['verbosity', settings.verbosity],
    ['oldest', store.flushAt],
    ['evictions', store.evicts ? 'on' : 'off'],
    ['domain_socket', listening.path ?? 'NULL'],
    ['umask', 700],
    ['shutdown_command', yesNo(shutDown !== undefined)],
  ]
}

function protocolStats({ prefixes, listening, store }: Engine): Stat[] {
  return [
    ['growth_factor', '1.25'],
    ['chunk_size', 48],
    ['num_threads', 1],
    ['num_threads_per_udp', 1],
    ['stat_key_prefix', prefixes.delimiter],
    ['detail_enabled', yesNo(prefixes.enabled)],
    ['reqs_per_event', 20],
    ['cas_enabled', yesNo(store.usesCas)],
    ['tcp_backlog', 511],
    ['binding_protocol', 'ascii'],
    ['auth_enabled_sasl', 'no'],
    ['auth_enabled_ascii', yesNo(listening.login)],
    ['item_size_max', store.maxItemBytes],
    ['maxconns_fast', 'yes'],
    ['hashpower_init', 0],
  ]
}

function slabStats({ settings }: Engine): Stat[] {
  return [
    ['slab_reassign', 'yes'],
    ['slab_automove', settings.automove],
    ['slab_automove_ratio', showDecimal(settings.automoveRatio, 2)],
    ['slab_automove_window', settings.automoveWindow],
    ['slab_chunk_max', 524_288],
  ]
}

function lruStats({ settings, flushEnabled, dumpEnabled }: Engine): Stat[] {
  return [
    ['lru_crawler', yesNo(settings.crawlerEnabled)],
    ['lru_crawler_sleep', settings.crawlerSleep],
    ['lru_crawler_tocrawl', settings.crawlerToCrawl],
    ['tail_repair_time', 0],
    ['flush_enabled', yesNo(flushEnabled)],
    ['dump_enabled', yesNo(dumpEnabled)],
    ['hash_algorithm', 'murmur3'],
    ['lru_maintainer_thread', 'no'],
    ['lru_segmented', yesNo(settings.segmented)],
    ['hot_lru_pct', settings.hotPercent],
    ['warm_lru_pct', settings.warmPercent],
    ['hot_max_factor', showDecimal(settings.hotMaxFactor, 2)],
    ['warm_max_factor', showDecimal(settings.warmMaxFactor, 2)],
    ['temp_lru', yesNo(settings.temporaryLru)],
    ['temporary_ttl', settings.temporaryTtl],
  ]
}

function bufferStats({ listening, showsSizes }: Engine): Stat[] {
  return [
    ['idle_timeout', Math.ceil(listening.idleTimeoutMs / 1000)],
    ['watcher_logbuf_size', 262_144],
    ['worker_logbuf_size', 65_536],
    ['read_buf_mem_limit', 0],
    ['track_sizes', yesNo(showsSizes)],
    ['inline_ascii_response', 'no'],
  ]
}

function extstoreStats({ settings }: Engine): Stat[] {
  const { extstore } = settings
  return [
    ['ext_item_size', extstore.itemSize],
    ['ext_item_age', extstore.itemAge],
    ['ext_low_ttl', extstore.lowTtl],
    ['ext_recache_rate', extstore.recacheRate],
    ['ext_wbuf_size', 4_194_304],
    ['ext_compact_under', extstore.compactUnder],
    ['ext_drop_under', extstore.dropUnder],
    ['ext_max_sleep', extstore.maxSleep],
    ['ext_max_frag', showDecimal(settings.extstoreMaxFrag, 2)],
    ['slab_automove_freeratio', showDecimal(settings.automoveFreeRatio, 3)],
    ['ext_drop_unread', yesNo(settings.extstoreDropUnread)],
  ]
}

function tlsStats({ dialect, listening }: Engine): Stat[] {
  const later = dialect.afterDebian12
  return [
    ['ssl_enabled', yesNo(listening.tls)],
    ['ssl_chain_cert', '(null)'],
    ['ssl_key', '(null)'],
    ['ssl_verify_mode', 0],
    ['ssl_keyformat', 1],
    ['ssl_ciphers', 'NULL'],
    ['ssl_ca_cert', 'NULL'],
    ['ssl_wbuf_size', 16_384],
    ['ssl_session_cache', 'no'],
    ['ssl_kernel_tls', 'no'],
    ['ssl_min_version', 'tlsv1.2'],
    ...(later
      ? ([
          ['proxy_enabled', 'no'],
          ['proxy_uring_enabled', 'no'],
        ] as const)
      : []),
    ['num_napi_ids', dialect.sharedParser ? 0 : '(null)'],
    ['memory_file', '(null)'],
    ...(later ? ([['client_flags_size', 4]] as const) : []),
  ]
}
