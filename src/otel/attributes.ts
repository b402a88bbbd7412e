import type { BatchChannelContext, CommandChannelContext } from '../client/channel-contexts.ts'
import type { OtelAttributes } from './api.ts'
import { countAll, countKeys, type KeyResult } from './key-counts.ts'
import type { ShowKey } from './options.ts'

/** Most keys that a span shows. */
const MAX_SHOWN_KEYS = 20

/** Attributes with the number of a call's keys by what came of them. */
const ATTRIBUTES: Readonly<Record<KeyResult, string>> = {
  hit: 'memlane.hits',
  miss: 'memlane.misses',
  stored: 'memlane.stored',
  not_stored: 'memlane.not_stored',
  failed: 'memlane.failed',
}

/** Server as the contexts of the channels name it. */
interface NamedServer {
  readonly serverAddress?: string | undefined
  readonly serverPort?: number | undefined
}

/** Attributes of a server, as far as it is known. */
export function serverAttributes({ serverAddress, serverPort }: NamedServer): OtelAttributes {
  if (serverAddress === undefined) return {}
  if (serverPort === undefined) return { 'server.address': serverAddress }
  return { 'server.address': serverAddress, 'server.port': serverPort }
}

/** Name of a span: what is done, and where. */
export function spanName(operation: string, { serverAddress, serverPort }: NamedServer): string {
  if (serverAddress === undefined) return operation
  return serverPort === undefined ? `${operation} ${serverAddress}` : `${operation} ${serverAddress}:${serverPort}`
}

/** Attributes that a sampler sees when a call begins. */
export function callAttributes(context: CommandChannelContext, showKey: ShowKey): OtelAttributes {
  const { command, batchSize, clientId } = context
  const attributes: OtelAttributes = {
    'db.system.name': 'memcached',
    'db.operation.name': command,
    ...serverAttributes(context),
    'memlane.client.id': clientId,
  }
  if (batchSize >= 2) attributes['db.operation.batch.size'] = batchSize
  if (showKey !== undefined) attributes['db.query.text'] = queryText(context, showKey)
  return attributes
}

function queryText({ command, keys }: CommandChannelContext, showKey: NonNullable<ShowKey>): string {
  const shown = keys.slice(0, MAX_SHOWN_KEYS).map(showKey)
  const more = keys.length > shown.length ? [`… ${keys.length - shown.length} more`] : []
  return [command, ...shown, ...more].join(' ')
}

/** Attributes of a call that has ended. */
export function outcomeAttributes(context: CommandChannelContext): OtelAttributes {
  const counts = countKeys(context)
  const attributes: OtelAttributes = { ...serverAttributes(context), 'memlane.keys': countAll(context, counts) }
  for (const [result, keys] of counts) attributes[ATTRIBUTES[result]] = keys
  if (context.result === 'hit' || context.result === 'miss') {
    attributes['memlane.cache.hit'] = context.result === 'hit'
  }
  return attributes
}

/** Attributes of a write when it begins. */
export function writeAttributes(context: BatchChannelContext): OtelAttributes {
  const { commands, reads, bytesOut, clientId, connectionId } = context
  const attributes: OtelAttributes = {
    'db.system.name': 'memcached',
    'db.operation.name': writeName(context),
    ...serverAttributes(context),
    'memlane.client.id': clientId,
    'memlane.connection.id': connectionId,
    'memlane.reads': reads,
    'memlane.bytes_out': bytesOut,
  }
  if (commands >= 2) attributes['db.operation.batch.size'] = commands
  return attributes
}

/** Name of what a write does: of its only command, or that it is several. */
export function writeName({ commands, firstCommand }: BatchChannelContext): string {
  return commands === 1 ? firstCommand : 'BATCH'
}

/** The code of an error of memlane, or else the name of its class. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER'
  if ('code' in error && typeof error.code === 'string' && error.code.startsWith('MEMLANE_')) return error.code
  return CLASS_NAME.test(error.name) ? error.name : '_OTHER'
}

const CLASS_NAME = /^[A-Z]\w{0,59}$/
