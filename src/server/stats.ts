import type { Engine } from './engine.ts'
import { type Stat, statLines } from './stat-lines.ts'

const VERSION_OF_NODE = process.version.slice(1)

/** Returns `stats`: real counters; values that do not exist here, such as slab pages and worker threads, are 0. */
export function generalStats(engine: Engine): string {
  return statLines([
    ...processStats(engine),
    ...connectionStats(engine),
    ...commandStats(engine),
    ...limitStats(engine),
    ...slabStats(engine),
    ...backgroundStats(engine),
    ...itemStats(engine),
  ])
}

function processStats({ clock, dialect }: Engine): Stat[] {
  const { user, system } = process.cpuUsage()
  return [
    ['pid', process.pid],
    ['uptime', clock.uptime],
    ['time', clock.unixSeconds],
    ['version', dialect.version],
    ['libevent', `node-${VERSION_OF_NODE}`],
    ['pointer_size', 64],
    ['rusage_user', (user / 1e6).toFixed(6)],
    ['rusage_system', (system / 1e6).toFixed(6)],
  ]
}

function connectionStats({ counters, clients, maxConnections }: Engine): Stat[] {
  return [
    ['max_connections', maxConnections],
    ['curr_connections', clients.size],
    ['total_connections', counters.totalConnections],
    ['rejected_connections', counters.rejectedConnections],
    ['connection_structures', clients.size],
    ['response_obj_oom', 0],
    ['response_obj_count', 0],
    ['response_obj_bytes', 0],
    ['read_buf_count', clients.size],
    ['read_buf_bytes', 0],
    ['read_buf_bytes_free', 0],
    ['read_buf_oom', 0],
    ['reserved_fds', 0],
  ]
}

function commandStats({ counters, listening }: Engine): Stat[] {
  return [
    ['cmd_get', counters.cmdGet],
    ['cmd_set', counters.cmdSet],
    ['cmd_flush', counters.cmdFlush],
    ['cmd_touch', counters.cmdTouch],
    ['cmd_meta', counters.cmdMeta],
    ['get_hits', counters.getHits],
    ['get_misses', counters.getMisses],
    ['get_expired', counters.getExpired],
    ['get_flushed', counters.getFlushed],
    ['delete_misses', counters.deleteMisses],
    ['delete_hits', counters.deleteHits],
    ['incr_misses', counters.incrMisses],
    ['incr_hits', counters.incrHits],
    ['decr_misses', counters.decrMisses],
    ['decr_hits', counters.decrHits],
    ['cas_misses', counters.casMisses],
    ['cas_hits', counters.casHits],
    ['cas_badval', counters.casBadval],
    ['touch_hits', counters.touchHits],
    ['touch_misses', counters.touchMisses],
    ['store_too_large', counters.storeTooLarge],
    ['store_no_memory', counters.storeNoMemory],
    ['auth_cmds', counters.authCmds],
    ['auth_errors', counters.authErrors],
    // memcached shows it only with a timeout.
    ...(listening.idleTimeoutMs > 0 ? ([['idle_kicks', counters.idleKicks]] as const) : []),
    ['bytes_read', counters.bytesRead],
    ['bytes_written', counters.bytesWritten],
  ]
}

function limitStats({ store }: Engine): Stat[] {
  return [
    ['limit_maxbytes', store.memoryBytes],
    ['accepting_conns', 1],
    ['listen_disabled_num', 0],
    ['time_in_listen_disabled_us', 0],
    ['threads', 1],
    ['conn_yields', 0],
    ['hash_power_level', 16],
    ['hash_bytes', 524_288],
    ['hash_is_expanding', 0],
  ]
}

/** Returns the slab counters by their names in 1.6.18, 1.6.38 and 1.6.45. */
function slabStats({ dialect }: Engine): Stat[] {
  return [
    ['slab_reassign_rescues', 0],
    ['slab_reassign_chunk_rescues', 0],
    ...(dialect.afterDebian12 ? [] : ([['slab_reassign_evictions_nomem', 0]] as const)),
    ['slab_reassign_inline_reclaim', 0],
    ['slab_reassign_busy_items', 0],
    ['slab_reassign_busy_deletes', 0],
    ...(dialect.afterDebian12 ? ([['slab_reassign_busy_nomem', 0]] as const) : []),
    ...(dialect.sharedParser ? ([['slab_reassign_last_busy_status', 'none']] as const) : []),
    ['slab_reassign_running', 0],
    ['slabs_moved', 0],
  ]
}

function backgroundStats({ counters, watchers }: Engine): Stat[] {
  return [
    ['lru_crawler_running', 0],
    ['lru_crawler_starts', counters.crawlerStarts],
    ['lru_maintainer_juggles', 0],
    ['malloc_fails', 0],
    ['log_worker_dropped', 0],
    ['log_worker_written', counters.watcherSent],
    ['log_watcher_skipped', counters.watcherSkipped],
    ['log_watcher_sent', counters.watcherSent],
    ['log_watchers', watchers.size],
    ['unexpected_napi_ids', 0],
    ['round_robin_fallback', 0],
  ]
}

function itemStats({ counters, store }: Engine): Stat[] {
  return [
    ['bytes', store.bytes],
    ['curr_items', store.size],
    ['total_items', counters.totalItems],
    ['slab_global_page_pool', 0],
    ['expired_unfetched', counters.expiredUnfetched],
    ['evicted_unfetched', counters.evictedUnfetched],
    ['evicted_active', 0],
    ['evictions', counters.evictions],
    ['reclaimed', counters.reclaimed],
    ['crawler_reclaimed', counters.crawlerReclaimed],
    ['crawler_items_checked', counters.crawlerItemsChecked],
    ['lrutail_reflocked', 0],
    ['moves_to_cold', 0],
    ['moves_to_warm', 0],
    ['moves_within_lru', 0],
    ['direct_reclaims', counters.evictions],
    ['lru_bumps_dropped', 0],
  ]
}
