import type { Engine } from './engine.ts'

const VERSION_OF_NODE = process.version.slice(1)

/** `stats`: what is counted here is true; the rest that clients ask for is there with what it is for one thread. */
export function generalStats(engine: Engine): string {
  const { clock, dialect } = engine
  const { user, system } = process.cpuUsage()
  return statLines([
    ['pid', process.pid],
    ['uptime', clock.uptime],
    ['time', clock.unixSeconds],
    ['version', dialect.version],
    ['libevent', `node-${VERSION_OF_NODE}`],
    ['pointer_size', 64],
    ['rusage_user', (user / 1e6).toFixed(6)],
    ['rusage_system', (system / 1e6).toFixed(6)],
    ...connectionStats(engine),
    ...commandStats(engine),
    ['limit_maxbytes', engine.store.memoryBytes],
    ['accepting_conns', 1],
    ['listen_disabled_num', 0],
    ['time_in_listen_disabled_us', 0],
    ['threads', 1],
    ['conn_yields', 0],
    ...itemStats(engine),
  ])
}

/** `stats settings`: the ones that are settings here. */
export function settingsStats(engine: Engine): string {
  return statLines([
    ['maxbytes', engine.store.memoryBytes],
    ['maxconns', engine.maxConnections],
    ['verbosity', 0],
    ['evictions', 'on'],
    ['num_threads', 1],
    ['item_size_max', engine.store.maxItemBytes],
    ['cas_enabled', 'yes'],
    ['flush_enabled', 'yes'],
    ['dump_enabled', 'no'],
    ['shutdown_command', 'no'],
  ])
}

type Stat = readonly [name: string, value: number | string]

function connectionStats({ counters, connections, maxConnections }: Engine): Stat[] {
  return [
    ['max_connections', maxConnections],
    ['curr_connections', connections],
    ['total_connections', counters.totalConnections],
    ['rejected_connections', counters.rejectedConnections],
    ['connection_structures', connections],
  ]
}

function commandStats({ counters }: Engine): Stat[] {
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
    ['idle_kicks', counters.idleKicks],
    ['bytes_read', counters.bytesRead],
    ['bytes_written', counters.bytesWritten],
  ]
}

function itemStats({ counters, store }: Engine): Stat[] {
  return [
    ['bytes', store.bytes],
    ['curr_items', store.size],
    ['total_items', counters.totalItems],
    ['expired_unfetched', counters.expiredUnfetched],
    ['evicted_unfetched', counters.evictedUnfetched],
    ['evictions', counters.evictions],
    ['reclaimed', counters.reclaimed],
  ]
}

function statLines(stats: readonly Stat[]): string {
  return `${stats.map(([name, value]) => `STAT ${name} ${value}\r\n`).join('')}END\r\n`
}
