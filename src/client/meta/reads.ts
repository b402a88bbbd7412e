import { InvalidInputError } from '../../errors.ts'
import { flag } from '../../option-checks.ts'
import type { Key } from '../../protocol/key.ts'
import type { MetaGetRequest } from '../../protocol/meta/request.ts'
import type { Interpret } from '../../protocol/operation.ts'
import { PLACEHOLDER_FLAGS } from '../../protocol/placeholder.ts'
import { type Reply, Returned } from '../../protocol/reply.ts'
import { showValue } from '../../show-value.ts'
import { encodeExptime, type Ttl } from '../../ttl.ts'
import { checkCallOptions, requireTtl } from '../option-names.ts'
import type { Decoder } from '../reader.ts'
import type { Values } from '../values.ts'
import { echoOf, leaseOf, type MetaCommand, type MetaContext, NO_ECHO, ttlOf } from './command.ts'
import {
  checkNeeds,
  GAT_NAMES,
  GET_NAMES,
  HINTS,
  META_NAMES,
  type MetaGatOptions,
  type MetaGetOptions,
  type MetaOptions,
  optionalCas,
  optionalExptime,
} from './options.ts'
import type { MetaEcho, MetaHit, MetaMiss, MetaTouchResult } from './results.ts'

/** A hit while it is put together. */
type Hit = { -readonly [Field in keyof MetaHit<unknown>]: MetaHit<unknown>[Field] }

/** The read that asks for the value alone. */
const PLAIN: MetaGetRequest = Object.freeze({
  command: 'mg',
  label: 'get',
  flags: Object.freeze({ value: true, clientFlags: true }),
})

/** The command of a `get`. */
export function getCommand(context: MetaContext, key: Key, options: MetaGetOptions | undefined): MetaCommand {
  if (options !== undefined) return readCommand(context.values, 'get', key, options)
  const { readValue: interpret } = context
  const instead: MetaMiss = { status: 'miss' }
  return { request: PLAIN, key, interpret, kind: 'read', instead, options, echo: NO_ECHO, mayBeQuiet: true }
}

/** The command of a `gat`. */
export function gatCommand(
  { values }: MetaContext,
  key: Key,
  ttl: Ttl,
  options: MetaGatOptions | undefined,
): MetaCommand {
  checkCallOptions('gat', options, GAT_NAMES, HINTS)
  return readCommand(values, 'gat', key, { ...options, touch: requireTtl(ttl, 'gat') })
}

function readCommand(values: Values, label: string, key: Key, options: MetaGetOptions): MetaCommand {
  checkCallOptions(label, options, GET_NAMES, HINTS)
  const echo = echoOf(key, options)
  const request = getRequest(values, label, options)
  const interpret = createHitReader(
    request.flags.value === true ? values.decoder(options.serde) : undefined,
    echo,
    options,
  )
  const instead: MetaMiss = { status: 'miss', ...echo }
  return { request, key, interpret, kind: 'read', instead, options, echo, mayBeQuiet: true }
}

function getRequest(values: Values, label: string, options: MetaGetOptions): MetaGetRequest {
  const value = flag('value', options.value, true)
  checkNeeds('serde', options.serde, 'the value', value)
  checkNeeds('unlessCas', options.unlessCas, 'the value', value)
  checkNeeds('newCas', options.newCas, 'vivify', options.vivify)
  const flags = {
    value,
    // By these a value is read.
    clientFlags: value || options.returnClientFlags === true,
    cas: options.returnCas,
    ttl: options.returnTtl,
    lastAccess: options.returnLastAccess,
    hitBefore: options.returnHitBefore,
    size: options.returnSize,
    key: options.returnKey,
    noLruBump: flag('noLruBump', options.noLruBump, false),
    vivify: optionalExptime('vivify', options.vivify),
    recache: checkRecache(options.recache),
    touch: options.touch === undefined ? undefined : values.exptime(options.touch),
    newCas: optionalCas('newCas', options.newCas),
    unlessCas: optionalCas('unlessCas', options.unlessCas),
  }
  return { command: 'mg', label, flags }
}

function checkRecache(seconds: number | undefined): number | undefined {
  if (seconds === undefined) return undefined
  if (typeof seconds === 'number' && seconds > 0) return encodeExptime(seconds, Date.now(), 'recache')
  throw new InvalidInputError(`option recache must be whole seconds, 1 or more, got ${showValue(seconds)}`)
}

/** Makes the function that turns the reply to a read into its result. Win tokens and placeholders are the caller's affair. */
export function createHitReader(
  decoder: Decoder | undefined,
  echo: MetaEcho = NO_ECHO,
  options?: MetaGetOptions,
): Interpret {
  const read: Interpret = (reply, operation) => {
    if (reply.outcome !== 'hit') return { status: 'miss', ...echo }
    const hit = describeHit(reply, echo, options)
    if (decoder === undefined || reply.type !== 'VA') return hit
    if (isTextPlaceholder(reply) || (options?.vivify !== undefined && isPlaceholder(reply))) return hit
    const value = decoder.decode(reply, operation)
    if (value instanceof Promise) return value.then((settled: unknown) => ({ ...hit, value: settled }))
    hit.value = value
    return hit
  }
  return Object.assign(read, decoder && { borrows: decoder.borrows })
}

function describeHit(reply: Reply, echo: MetaEcho, options: MetaGetOptions | undefined): Hit {
  const { stale, won, alreadyWon } = leaseOf(reply)
  const hit: Hit = { status: 'hit', value: undefined, stale, won, alreadyWon }
  if (options === undefined) return hit
  Object.assign(hit, echo)
  if (options.unlessCas !== undefined) hit.unchanged = reply.type === 'HD'
  if (options.returnClientFlags === true) hit.clientFlags = reply.clientFlags
  if (reply.has(Returned.cas)) hit.cas = reply.cas()
  if (reply.has(Returned.ttl)) hit.ttl = ttlOf(reply)
  if (reply.has(Returned.hitBefore)) hit.hitBefore = reply.hitBefore
  if (reply.has(Returned.lastAccess)) hit.lastAccess = reply.lastAccess
  if (reply.has(Returned.size)) hit.size = reply.valueSize
  return hit
}

/** Whether a reply is the item of `getOrSet` in text mode during a load: no serde knows its client flags. */
function isTextPlaceholder(reply: Reply): boolean {
  return reply.start === reply.end && reply.clientFlags === PLACEHOLDER_FLAGS
}

/** Whether an empty item holds the place of a value: a caller has won, and it is not a stale item that was emptied. */
function isPlaceholder(reply: Reply): boolean {
  return reply.start === reply.end && reply.clientFlags === 0 && reply.has(Returned.won | Returned.alreadyWon)
}

/** The command of a `touch`. */
export function touchCommand(
  { values }: MetaContext,
  key: Key,
  ttl: Ttl,
  options: MetaOptions | undefined,
): MetaCommand {
  checkCallOptions('touch', options, META_NAMES, HINTS)
  const echo = echoOf(key, options)
  const flags = { touch: values.exptime(requireTtl(ttl, 'touch')), key: options?.returnKey }
  const interpret: Interpret = (reply): MetaTouchResult =>
    reply.outcome === 'hit' ? { status: 'ok', ...leaseOf(reply), ...echo } : { status: 'notFound', ...echo }
  return {
    request: { command: 'mg', label: 'touch', flags },
    key,
    interpret,
    kind: 'write',
    instead: { status: 'notFound', ...echo },
    options,
    echo,
    mayBeQuiet: true,
  }
}
