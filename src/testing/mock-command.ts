import type { Request } from '../protocol/request.ts'

const READS = ['get', 'gets', 'gat', 'gats', 'has', 'inspect', 'getOrSet'] as const

const WRITES = [
  'set',
  'add',
  'replace',
  'append',
  'prepend',
  'cas',
  'delete',
  'touch',
  'incr',
  'decr',
  'invalidate',
] as const

const KEYLESS = [
  'connect',
  'version',
  'ping',
  'stats',
  'flushAll',
  'cacheMemlimit',
  'verbosity',
  'shutdown',
  'rawCommand',
] as const

/** A command as rules of a {@link MockMemcache} name it. */
export type MockCommand = (typeof READS)[number] | (typeof WRITES)[number] | (typeof KEYLESS)[number]

/** All of them. */
export const MOCK_COMMANDS: readonly MockCommand[] = [...READS, ...WRITES, ...KEYLESS]

const names: ReadonlySet<unknown> = new Set(MOCK_COMMANDS)
const reads: ReadonlySet<MockCommand> = new Set(READS)
const writes: ReadonlySet<MockCommand> = new Set(WRITES)

export function isMockCommand(name: unknown): name is MockCommand {
  return names.has(name)
}

/** Whether it reads an item; `gat` and `gats` do. */
export function isRead(command: MockCommand): boolean {
  return reads.has(command)
}

/** Whether all that it does is to an item. */
export function isWrite(command: MockCommand): boolean {
  return writes.has(command)
}

/** What a request is called. */
export function commandOf(request: Request): MockCommand {
  switch (request.command) {
    case 'mg':
      if (request.label === 'has' || request.label === 'inspect') return request.label
      return request.label?.startsWith('getOrSet') === true ? 'getOrSet' : 'get'
    case 'ms':
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
