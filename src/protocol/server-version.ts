/** Version of a server, as far as it is known: its features are decided by comparing versions. */
export interface ServerVersion {
  /**
   * Version as reported by the server or configured: `1.6.18`. Empty when the server reported none that is understood.
   */
  readonly text: string
  /** Major, minor and patch as one number that compares: 1.6.18 → 1006018; 0 when unknown. */
  readonly order: number
}

/** Version of a server that did not report any. */
export const UNKNOWN_VERSION: ServerVersion = Object.freeze({ text: '', order: 0 })

/** 1.6.10: `HD` for success, `ms <key> <length>`, base64 keys. The oldest meta protocol that memlane speaks. */
export const META_SINCE: number = orderOf(1, 6, 10)

/** 1.6.18: the opaque comes back on `EN` too. */
export const OPAQUE_ON_MISS_SINCE: number = orderOf(1, 6, 18)

/** 1.6.13: long `get` lines are safe; 1.6.10 to 1.6.12 answer some of them with ERROR (memcached issue 849). */
export const LONG_LINES_SINCE: number = orderOf(1, 6, 13)

/** 1.6.40: `me <base64> b` answers EN whatever is stored. */
export const BROKEN_DEBUG_KEY_SINCE: number = orderOf(1, 6, 40)

/** Returns the order number of a version text. */
export function versionOrder(text: string): number {
  return parseServerVersion(text).order
}

/** Parses the first `a.b.c` of a version text: proxies and forks put words around it. */
export function parseServerVersion(text: string): ServerVersion {
  const match = /(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?/.exec(text)
  if (match === null) return { text, order: 0 }
  return { text, order: orderOf(Number(match[1]), Number(match[2]), Number(match[3] ?? 0)) }
}

function orderOf(major: number, minor: number, patch: number): number {
  return major * 1_000_000 + minor * 1_000 + patch
}
