import { encodeFlagText, type FlagText } from '../protocol/meta/flag-text.ts'
import type { MetaGetFlags } from '../protocol/meta/request.ts'
import type { Request } from '../protocol/request.ts'
import { MAX_RELATIVE_SECONDS } from '../ttl.ts'

type Cap = (exptime: number) => number

/**
 * The same request with no time to live beyond `maxTtl` seconds: what lies in the gutter must be gone soon, for nobody
 * keeps it up to date once its server is back.
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
    case 'md':
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

/** Flags that the caller spells himself: `T` and `N` carry an exptime; a store without `T` would never expire. */
function capFlagText(flagText: FlagText, stores: boolean, cap: Cap): FlagText {
  const flags = flagText.split(' ').filter((flag) => flag !== '')
  if (stores && !flags.some((flag) => flag.startsWith('T'))) flags.push('T0')
  return encodeFlagText(
    flags.map((flag) => (/^[TN]-?\d+$/.test(flag) ? `${flag.charAt(0)}${cap(Number(flag.slice(1)))}` : flag)),
  )
}

/** A negative exptime expires the item at once, which is soon enough. */
function capExptime(exptime: number, maxTtl: number, nowMs: number): number {
  if (exptime < 0) return exptime
  if (exptime === 0) return maxTtl
  const seconds = exptime > MAX_RELATIVE_SECONDS ? exptime - Math.floor(nowMs / 1000) : exptime
  return seconds > maxTtl ? maxTtl : exptime
}
