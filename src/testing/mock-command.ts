import type { Request } from '../protocol/request.ts'

/** Command as named by rules of a {@link MockMemcache}. */
export type MockCommand =
  | 'get'
  | 'gets'
  | 'gat'
  | 'gats'
  | 'has'
  | 'inspect'
  | 'getOrSet'
  | 'set'
  | 'sets'
  | 'add'
  | 'replace'
  | 'append'
  | 'prepend'
  | 'cas'
  | 'delete'
  | 'touch'
  | 'incr'
  | 'decr'
  | 'invalidate'
  | 'connect'
  | 'version'
  | 'ping'
  | 'stats'
  | 'flushAll'
  | 'cacheMemlimit'
  | 'verbosity'
  | 'shutdown'
  | 'rawCommand'

type Kind = 'read' | 'write' | 'keyless'

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>(
  Object.entries({
    get: 'read',
    gets: 'read',
    gat: 'read',
    gats: 'read',
    has: 'read',
    inspect: 'read',
    getOrSet: 'read',
    set: 'write',
    sets: 'write',
    add: 'write',
    replace: 'write',
    append: 'write',
    prepend: 'write',
    cas: 'write',
    delete: 'write',
    touch: 'write',
    incr: 'write',
    decr: 'write',
    invalidate: 'write',
    connect: 'keyless',
    version: 'keyless',
    ping: 'keyless',
    stats: 'keyless',
    flushAll: 'keyless',
    cacheMemlimit: 'keyless',
    verbosity: 'keyless',
    shutdown: 'keyless',
    rawCommand: 'keyless',
  } satisfies Record<MockCommand, Kind>),
)

/** Names of all commands, for messages. */
export const MOCK_COMMANDS: readonly string[] = [...KINDS.keys()]

/** Checks whether the value names a command. */
export function isMockCommand(name: unknown): name is MockCommand {
  return typeof name === 'string' && KINDS.has(name)
}

/** Checks whether the command reads an item; `gat` and `gats` do. */
export function isRead(command: MockCommand): boolean {
  return KINDS.get(command) === 'read'
}

/** Checks whether the command only changes an item. */
export function isWrite(command: MockCommand): boolean {
  return KINDS.get(command) === 'write'
}

/** Returns the name of the call that made a request. */
export function commandOf(request: Request): MockCommand {
  switch (request.command) {
    case 'mg':
      if (request.label === 'has' || request.label === 'inspect') return request.label
      if (request.label?.startsWith('update') === true) return 'gets'
      return request.label?.startsWith('getOrSet') === true ? 'getOrSet' : 'get'
    case 'ms':
      if (request.label === 'sets') return 'sets'
      return request.flags.compareCas === undefined ? (request.flags.mode ?? 'set') : 'cas'
    case 'md':
      return request.label === 'invalidate' ? 'invalidate' : 'delete'
    case 'ma':
      return request.flags.mode ?? 'incr'
    case 'me':
      return 'inspect'
    case 'noop':
      return 'ping'
    case 'get':
    case 'gets':
    case 'gat':
    case 'gats':
    case 'set':
    case 'add':
    case 'replace':
    case 'append':
    case 'prepend':
    case 'cas':
    case 'delete':
    case 'incr':
    case 'decr':
    case 'touch':
    case 'version':
      return request.command
  }
}
