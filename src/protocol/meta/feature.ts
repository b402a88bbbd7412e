import { BROKEN_DEBUG_KEY_SINCE, type ServerVersion, versionOrder } from '../server-version.ts'
import type { MetaRequest } from './request.ts'

/** First version number of the memcached 1.6 releases. */
const RELEASE_1_6 = versionOrder('1.6.0')

/**
 * Returns the part of a meta command that this version of memcached lacks, in words, or undefined when it lacks none.
 * Decided by version because older servers silently ignore some flags: those of another command, and `C` of `mg`.
 *
 * Sources: memcached's release notes and its tests of 1.6.18 to 1.6.45.
 */
export function unsupportedFeature(request: MetaRequest, version: ServerVersion, base64: boolean): string | undefined {
  for (const { needs, since, what } of FEATURES) {
    if (version.order < RELEASE_1_6 + since && needs(request)) return `${what} needs memcached 1.6.${since} or newer`
  }
  if (request.command === 'me' && base64 && version.order >= BROKEN_DEBUG_KEY_SINCE) {
    return 'me does not find keys with white space or control characters from memcached 1.6.40 on'
  }
  return undefined
}

interface Feature {
  /** Patch release of memcached 1.6 that added the feature: a number, because every meta command checks it. */
  readonly since: number
  readonly what: string
  readonly needs: (request: MetaRequest) => boolean
}

const FEATURES: readonly Feature[] = [
  {
    since: 20,
    what: 'vivify of append and prepend (flag N of ms)',
    needs: (request) => request.command === 'ms' && request.flags.vivify !== undefined,
  },
  {
    since: 20,
    what: 'the stored size (flag s of ms)',
    needs: (request) => request.command === 'ms' && request.flags.size === true,
  },
  {
    since: 27,
    what: 'newCas (flag E)',
    needs: (request) => request.command !== 'me' && request.flags.newCas !== undefined,
  },
  {
    since: 27,
    what: 'dropValue (flag x of md)',
    needs: (request) => request.command === 'md' && request.flags.dropValue === true,
  },
  {
    since: 40,
    what: 'unlessCas (flag C of mg)',
    needs: (request) => request.command === 'mg' && request.flags.unlessCas !== undefined,
  },
]
