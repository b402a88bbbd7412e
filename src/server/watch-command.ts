import type { Client } from './client.ts'
import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import { isSubcommand, type TextReply, UNKNOWN_COMMAND } from './replies.ts'
import { type WatchName, watchNames } from './watchers.ts'

/** Most watchers of memcached. */
const MAX_WATCHERS = 20

/**
 * Runs `watch [names]*`: turns the connection into a log of events. Fetchers, mutations, evictions, deletions and
 * connections are reported; the other names are known, and have no events here.
 */
export function runWatch(engine: Engine, line: CommandLine, client: Client): TextReply {
  return { text: watch(engine, line, client), always: engine.dialect.sharedParser }
}

function watch(engine: Engine, line: CommandLine, client: Client): string {
  if (!engine.watchEnabled) return 'CLIENT_ERROR watch commands not allowed\r\n'
  if (client.pipelined) return 'ERROR cannot pipeline other commands before watch\r\n'
  const names = new Set<WatchName>()
  for (let index = 1; index < line.count; index++) {
    const name = readName(engine, line, index)
    if (name === undefined) return UNKNOWN_COMMAND
    names.add(name)
  }
  if (engine.watchers.size >= MAX_WATCHERS) return 'WATCHER_TOO_MANY log watcher limit reached\r\n'
  client.watch(names.size === 0 ? new Set<WatchName>(['fetchers']) : names)
  return 'OK\r\n'
}

function readName(engine: Engine, line: CommandLine, index: number): WatchName | undefined {
  const known = watchNames.filter((name) => name !== 'deletions' || engine.dialect.watchesDeletions)
  return known.find((name) => isSubcommand(engine, line, index, name))
}
