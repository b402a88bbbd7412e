import { BROKEN_DEBUG_KEY_SINCE, type ServerVersion, versionOrder } from '../server-version.ts'
import type { MetaRequest } from './request.ts'

/**
 * What of a meta command this version of memcached does not do, in words, or undefined when it does all of it. Asked by
 * version because older servers ignore some flags without a word: those of another command, and `C` of `mg`.
 *
 * Sources: memcached's release notes and its tests of 1.6.18 to 1.6.45.
 */
export function unsupportedFeature(request: MetaRequest, version: ServerVersion, base64: boolean): string | undefined {
  if (version.order < NEWEST) {
    for (const { needs, since, order, what } of FEATURES) {
      if (version.order < order && needs(request)) return `${what} needs memcached ${since} or newer`
    }
  }
  if (request.command === 'me' && base64 && version.order >= BROKEN_DEBUG_KEY_SINCE) {
    return 'me does not find keys with white space or control characters from memcached 1.6.40 on'
  }
  return undefined
}

interface Feature {
  readonly since: string
  /** The same as a number that compares: a version is asked about with every command. */
  readonly order: number
  readonly what: string
  readonly needs: (request: MetaRequest) => boolean
}

const FEATURES: readonly Feature[] = withOrder([
  {
    since: '1.6.20',
    what: 'vivify of append and prepend (flag N of ms)',
    needs: (request) => request.command === 'ms' && request.flags.vivify !== undefined,
  },
  {
    since: '1.6.20',
    what: 'the stored size (flag s of ms)',
    needs: (request) => request.command === 'ms' && request.flags.size === true,
  },
  {
    since: '1.6.27',
    what: 'newCas (flag E)',
    needs: (request) => request.command !== 'me' && request.flags.newCas !== undefined,
  },
  {
    since: '1.6.27',
    what: 'dropValue (flag x of md)',
    needs: (request) => request.command === 'md' && request.flags.dropValue === true,
  },
  {
    since: '1.6.40',
    what: 'unlessCas (flag C of mg)',
    needs: (request) => request.command === 'mg' && request.flags.unlessCas !== undefined,
  },
])

/** From this version on there is nothing to look for. */
const NEWEST = Math.max(...FEATURES.map(({ order }) => order))

function withOrder(features: readonly Omit<Feature, 'order'>[]): Feature[] {
  return features.map((feature) => ({ ...feature, order: versionOrder(feature.since) }))
}
