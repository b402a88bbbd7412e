import { encodeFlagText, type FlagText } from '../protocol/meta/flag-text.ts'
import type { MetaGetFlags } from '../protocol/meta/request.ts'
import type { Operation } from '../protocol/operation.ts'
import type { Request } from '../protocol/request.ts'
import type { Executor } from '../seam/executor.ts'
import type { ReadBatch } from '../seam/read-batch.ts'
import { dispatchReads } from '../seam/reads.ts'
import { capExptime } from '../ttl.ts'

type Cap = (exptime: number) => number

/**
 * Returns the same request with no time to live beyond `maxTtl` seconds. The gutter needs a short one: an item there is
 * not kept up to date once its server is back.
 *
 * @param nowMs - The wall clock, in milliseconds since 1970.
 */
export function withMaxTtl(request: Request, maxTtl: number, nowMs: number): Request {
  const cap: Cap = (exptime) => capExptime(exptime, maxTtl, nowMs)
  if ('flagText' in request && request.flagText !== undefined) {
    return { ...request, flagText: capFlagText(request.flagText, request.command === 'ms', cap) }
  }
  switch (request.command) {
    case 'set':
    case 'add':
    case 'replace':
    case 'cas':
    case 'gat':
    case 'gats':
    case 'touch':
      return { ...request, exptime: cap(request.exptime) }
    case 'mg': {
      const { flags, text } = request
      const capped = { ...request, flags: capReadFlags(flags, cap) }
      return text?.command === 'touch' ? { ...capped, text: { ...text, exptime: cap(text.exptime) } } : capped
    }
    case 'ms': {
      const { exptime = 0, vivify } = request.flags
      const flags = { ...request.flags, exptime: cap(exptime) }
      return { ...request, flags: vivify === undefined ? flags : { ...flags, vivify: cap(vivify) } }
    }
    case 'ma': {
      const { vivify, exptime } = request.flags
      const flags = { ...request.flags }
      if (vivify !== undefined) flags.vivify = cap(vivify)
      if (exptime !== undefined) flags.exptime = cap(exptime)
      return { ...request, flags }
    }
    case 'md': {
      const { exptime } = request.flags
      return exptime === undefined ? request : { ...request, flags: { ...request.flags, exptime: cap(exptime) } }
    }
    case 'append':
    case 'prepend':
    case 'get':
    case 'gets':
    case 'delete':
    case 'incr':
    case 'decr':
    case 'version':
    case 'noop':
    case 'me':
      return request
  }
}

function capReadFlags(flags: MetaGetFlags, cap: Cap): MetaGetFlags {
  const { touch, vivify } = flags
  if (touch === undefined && vivify === undefined) return flags
  return {
    ...flags,
    ...(touch === undefined ? {} : { touch: cap(touch) }),
    ...(vivify === undefined ? {} : { vivify: cap(vivify) }),
  }
}

/** Caps flags spelled by the caller: `T` and `N` carry an exptime; a store without `T` would never expire. */
function capFlagText(flagText: FlagText, stores: boolean, cap: Cap): FlagText {
  const flags = flagText.split(' ').filter((flag) => flag !== '')
  if (stores && !flags.some((flag) => flag.startsWith('T'))) flags.push('T0')
  return encodeFlagText(
    flags.map((flag) => (/^[TN]-?\d+$/.test(flag) ? `${flag.charAt(0)}${cap(Number(flag.slice(1)))}` : flag)),
  )
}

/**
 * Executor of the client's `maxTtl` option: no item stored or renewed through it lives longer than `maxTtl` seconds.
 */
export class MaxTtlExecutor implements Executor {
  readonly #next: Executor
  readonly #maxTtl: number

  constructor(next: Executor, maxTtl: number) {
    this.#next = next
    this.#maxTtl = maxTtl
  }

  dispatch(operation: Operation): void {
    // `homeOnly` marks the client's bookkeeping: a namespace would be empty whenever its generation expires.
    if (!operation.homeOnly) operation.request = withMaxTtl(operation.request, this.#maxTtl, Date.now())
    this.#next.dispatch(operation)
  }

  dispatchReads(batch: ReadBatch): void {
    dispatchReads(this.#next, batch)
  }
}
