import type { ClientRecord } from './client-registry.ts'
import type { Engine } from './engine.ts'
import { type Stat, statLines } from './stat-lines.ts'

/** Number shown for the listening socket. */
const LISTENER_ID = 20

/** Returns `stats conns`: the listener, and every connection. `asking` is the number of the requesting connection. */
export function clientStats(engine: Engine, asking: number): string {
  const { clock, clients } = engine
  const stats: Stat[] = [
    [`${LISTENER_ID}:addr`, listenerAddress(engine)],
    [`${LISTENER_ID}:state`, 'conn_listening'],
    [`${LISTENER_ID}:secs_since_last_cmd`, clock.uptime],
  ]
  for (const record of clients.records()) {
    stats.push(
      [`${record.id}:addr`, record.remote],
      [`${record.id}:listen_addr`, record.local],
      [`${record.id}:state`, stateOf(record, asking)],
      [`${record.id}:secs_since_last_cmd`, clock.seconds - record.lastCommandAt],
    )
  }
  return statLines(stats)
}

function listenerAddress({ listening }: Engine): string {
  return listening.path === undefined ? `tcp:${listening.host}:${listening.port}` : `unix:${listening.path}`
}

function stateOf(record: ClientRecord, asking: number): string {
  if (record.watching) return 'conn_watch'
  return record.id === asking ? 'conn_parse_cmd' : 'conn_read'
}
