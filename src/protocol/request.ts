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

/**
 * Request of a command, whichever protocol carries it. One interface per family; the wire encoders switch on `command`.
 */
export type Request = ClassicRequest | MetaRequest

/** Name of a command, as the classic protocol spells it; `noop` is the meta protocol's `mn`. */
export type Command = Request['command']

/** Plain read: shared by every `get`, so that the hot path allocates no request. */
export const GET: ReadRequest = Object.freeze({ command: 'get' })
/** Read that no near cache answers. */
export const GET_FRESH: ReadRequest = Object.freeze({ command: 'get', fresh: true })
/** Read that brings the cas number. */
export const GETS: ReadRequest = Object.freeze({ command: 'gets' })
/** Request of every `delete`. */
export const DELETE: DeleteRequest = Object.freeze({ command: 'delete' })
/** Request of every `version`. */
export const VERSION: VersionRequest = Object.freeze({ command: 'version' })
/** Request of every ping and barrier. */
export const NOOP: NoopRequest = Object.freeze({ command: 'noop' })

const META_COMMANDS: ReadonlySet<Command> = new Set<MetaRequest['command']>(['mg', 'ms', 'md', 'ma', 'me'])

/** Checks whether only the meta protocol can carry the request. */
export function isMetaRequest(request: Request): request is MetaRequest {
  return META_COMMANDS.has(request.command)
}

/** Requests without data, shared so that a stored value costs no further object. */
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

/** Checks whether the request carries a data block. */
export function isStore(request: Request): request is StoreRequest | MetaSetRequest {
  // The commonest by hand: comparing constants costs less than a look into a set.
  const { command } = request
  if (command === 'get') return false
  return command === 'set' || STORES.has(command)
}

/** Returns the classic form of a store, for connections that cannot carry its flags; undefined if it has none. */
export function classicStore(request: Request): StoreRequest | undefined {
  if (request.command !== 'ms' || request.classic === undefined) return undefined
  const { classic: command, data, bytes } = request
  return { command, data, bytes, clientFlags: 0, exptime: 0, cas: 0n, preparing: undefined }
}

/** Returns a request without its data block, once the data is not needed any more: for messages and events. */
export function withoutData(request: Request): Request {
  if (!isStore(request)) return request
  if (request.command !== 'ms') return SPENT[request.command]
  const { command, label, flags } = request
  return { command, ...(label !== undefined && { label }), flags, data: '', bytes: 0 }
}

/** Checks whether two reads may share a command line: the same command, with the same exptime if it has one. */
export function sharesLine(a: ReadRequest | RenewingReadRequest, b: ReadRequest | RenewingReadRequest): boolean {
  if (a.command !== b.command) return false
  return !('exptime' in a) || !('exptime' in b) || a.exptime === b.exptime
}

/** Returns the name of a request in messages and events. */
export function nameOfRequest(request: Request): string {
  return ('label' in request ? request.label : undefined) ?? request.command
}

/**
 * Returns the name of a command for programs: one word, where messages may have more (`getOrSet with refreshAhead`).
 */
export function commandName(request: Request): string {
  const name = nameOfRequest(request)
  const [word = name] = name.split(' ', 1)
  return word === name || word === 'getOrSet' || word === 'update' ? word : request.command
}

/** Checks whether the command reads and renews, which the oldest servers and some proxies do not know. */
export function isGat(command: Command): boolean {
  return command === 'gat' || command === 'gats'
}

/** Checks whether the request is a read sent in a classic line, alone or with its neighbours. */
export function isLineRead(request: Request): request is ReadRequest | RenewingReadRequest {
  const { command } = request
  return command === 'get' || command === 'gets' || command === 'gat' || command === 'gats'
}

/**
 * Checks whether carrying out the command twice leaves the same state and gives the same answer as once, so that it may
 * be repeated when a connection was found dead.
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
      // The state is the same, but the second answer would report that there was nothing to delete.
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
