import { InvalidInputError } from '../errors.ts'

/** Kind of server: memcached, or a service that refuses some of its commands. */
export type ServerDialect = 'memcached' | 'elasticache-serverless'

/** Differences between a version of memcached and others. */
export interface Dialect {
  /** Version in the reply to `version`. */
  readonly version: string
  /** 1.6.10: the meta commands as they are today. */
  readonly meta: boolean
  /** 1.6.18: a miss of `mg` repeats key and opaque, and `mg` needs no flag. */
  readonly fullMisses: boolean
  /**
   * After 1.6.18, by 1.6.38 at the latest: `me` shows the time left with its right sign, a classic read does not flush
   * earlier replies, some statistics have other names.
   */
  readonly afterDebian12: boolean
  /** 1.6.19: `lru_crawler mgdump`. */
  readonly mgdump: boolean
  /** 1.6.20: `ms` knows `N` for append and prepend, and returns a size for `s`. */
  readonly appendVivifies: boolean
  /** 1.6.20: `watch deletions`. */
  readonly watchesDeletions: boolean
  /** 1.6.24: `lru_crawler metadump` shows client flags. */
  readonly dumpsClientFlags: boolean
  /** Up to 1.6.24: `stats sizes_enable` and `sizes_disable`. */
  readonly switchesSizes: boolean
  /** 1.6.27: the flags `E` (explicit cas) and `x` (drop the value). */
  readonly explicitCas: boolean
  /** 1.6.40: the parser of the former proxy. Other errors, data blocks skipped, the flag `C` of `mg`. */
  readonly sharedParser: boolean
  /** 1.6.42: the login is matched as a whole, and first lines too short for one close the connection. */
  readonly hardenedLogin: boolean
  /** 1.6.43: dumps of the crawler start with `OK`. */
  readonly dumpsStartWithOk: boolean
  /** 1.6.45: digits only, and overflow is refused instead of cut. */
  readonly strictNumbers: boolean
}

/** Returns the differences of a memcached of this version, `1.6.<patch>` or the like. */
export function dialectOf(version: string): Dialect {
  const match = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})/.exec(version)
  if (match === null || /[\s\0]/.test(version)) {
    throw new InvalidInputError(`option version must look like 1.6.45, got ${JSON.stringify(version)}`)
  }
  const since = (patch: number): boolean => compare(match, [1, 6, patch]) >= 0
  return Object.freeze({
    version,
    meta: since(10),
    fullMisses: since(18),
    afterDebian12: since(19),
    mgdump: since(19),
    appendVivifies: since(20),
    watchesDeletions: since(20),
    dumpsClientFlags: since(24),
    switchesSizes: !since(25),
    explicitCas: since(27),
    sharedParser: since(40),
    hardenedLogin: since(42),
    dumpsStartWithOk: since(43),
    strictNumbers: since(45),
  })
}

function compare(match: RegExpExecArray, wanted: readonly number[]): number {
  for (const [index, part] of wanted.entries()) {
    const difference = Number(match[index + 1]) - part
    if (difference !== 0) return difference
  }
  return 0
}
