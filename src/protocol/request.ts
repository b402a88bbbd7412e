import type {
  ClassicRequest,
  DeleteRequest,
  NoopRequest,
  ReadRequest,
  RenewingReadRequest,
  StoreRequest,
  VersionRequest,
} from './classic-request.ts'
import type { MetaRequest, MetaSetRequest } from './meta/request.ts'

/** What a command asks for, whichever protocol carries it. One interface per family; the wire encoders switch on `command`. */
export type Request = ClassicRequest | MetaRequest

/** The name of a command, as the classic protocol spells it; `noop` is the meta protocol's `mn`. */
export type Command = Request['command']

/** The plain read: shared by every `get`, so that the hot path allocates no request. */
export const GET: ReadRequest = Object.freeze({ command: 'get' })
/** The read that brings the cas number. */
export const GETS: ReadRequest = Object.freeze({ command: 'gets' })
/** The request of every `delete`. */
export const DELETE: DeleteRequest = Object.freeze({ command: 'delete' })
/** The request of every `version`. */
export const VERSION: VersionRequest = Object.freeze({ command: 'version' })
/** The request of every ping and barrier. */
export const NOOP: NoopRequest = Object.freeze({ command: 'noop' })

const META_COMMANDS: ReadonlySet<Command> = new Set<MetaRequest['command']>(['mg', 'ms', 'md', 'ma', 'me'])

/** Whether only the meta protocol can carry the request. */
export function isMetaRequest(request: Request): request is MetaRequest {
  return META_COMMANDS.has(request.command)
}

/** Shared, so that a stored value costs no further object. */
const SPENT: Readonly<Record<StoreRequest['command'], StoreRequest>> = Object.freeze({
  set: spent('set'),
  add: spent('add'),
  replace: spent('replace'),
  append: spent('append'),
  prepend: spent('prepend'),
  cas: spent('cas'),
})

function spent(command: StoreRequest['command']): StoreRequest {
  return Object.freeze({ command, data: '', bytes: 0, clientFlags: 0, exptime: 0, cas: 0n, preparing: undefined })
}

const STORES: ReadonlySet<Command> = new Set<Command>(['set', 'add', 'replace', 'append', 'prepend', 'cas', 'ms'])

/** Whether the request carries a data block. */
export function isStore(request: Request): request is StoreRequest | MetaSetRequest {
  // The commonest by hand: a comparison of constants costs less than a look into a set.
  const { command } = request
  if (command === 'get') return false
  return command === 'set' || STORES.has(command)
}

/** Returns the classic form of a store, for connections that cannot carry its flags; undefined where it has none. */
export function classicStore(request: Request): StoreRequest | undefined {
  if (request.command !== 'ms' || request.classic === undefined) return undefined
  const { classic: command, data, bytes } = request
  return { command, data, bytes, clientFlags: 0, exptime: 0, cas: 0n, preparing: undefined }
}

/** What is left of a request when nothing needs its data block any more: what messages and events say of it. */
export function withoutData(request: Request): Request {
  if (!isStore(request)) return request
  if (request.command !== 'ms') return SPENT[request.command]
  const { command, label, flags } = request
  return { command, ...(label !== undefined && { label }), flags, data: '', bytes: 0 }
}

/** Whether two reads may share a command line: the same command, with the same exptime where it has one. */
export function sharesLine(a: ReadRequest | RenewingReadRequest, b: ReadRequest | RenewingReadRequest): boolean {
  if (a.command !== b.command) return false
  return !('exptime' in a) || !('exptime' in b) || a.exptime === b.exptime
}

/** What messages and events call a request. */
export function nameOfRequest(request: Request): string {
  return ('label' in request ? request.label : undefined) ?? request.command
}

/** Returns the name of a command for programs: one word, where messages may say more (`getOrSet with refreshAhead`). */
export function commandName(request: Request): string {
  const name = nameOfRequest(request)
  const [word = name] = name.split(' ', 1)
  return word === name || word === 'getOrSet' || word === 'update' ? word : request.command
}

/** Whether the command reads and renews, which the oldest servers and some proxies do not know. */
export function isGat(command: Command): boolean {
  return command === 'gat' || command === 'gats'
}

/** Whether the request is a read that travels in a classic line, by itself or with its neighbours. */
export function isLineRead(request: Request): request is ReadRequest | RenewingReadRequest {
  const { command } = request
  return command === 'get' || command === 'gets' || command === 'gat' || command === 'gats'
}

/**
 * Whether carrying out the command twice leaves the same state and gives the same answer as once, so that it may be
 * repeated when a connection was found dead.
 */
export function isIdempotent(request: Request): boolean {
  switch (request.command) {
    case 'get':
    case 'gets':
    case 'gat':
    case 'gats':
    case 'set':
    case 'touch':
    case 'version':
    case 'noop':
    case 'me':
      return true
    case 'mg':
      // Any mg takes the win token of a stale item, and with it the lost reply may have carried the only `W`.
      return false
    case 'delete':
      // The state is the same, but the second answer would say that there was nothing to delete.
      return false
    case 'add':
    case 'replace':
    case 'append':
    case 'prepend':
    case 'cas':
    case 'incr':
    case 'decr':
    case 'ms':
    case 'md':
    case 'ma':
      return false
  }
}
