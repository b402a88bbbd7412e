import { InvalidInputError } from '../../errors.ts'
import { needNodeModule } from '../../node-modules.ts'
import { isPlainObject } from '../../plain-object.ts'
import type { Distribution, RoutedServer } from '../../routing/distribution.ts'
import type { HashInput } from '../../routing/hash/hash-function.ts'
import { NPM_KETAMA, type NpmHashing, type NpmRingServer, npmKetamaText, npmRing } from '../../routing/npm-ring.ts'
import type { PointSource } from '../../routing/ring-points.ts'
import { showValue } from '../../show-value.ts'
import type { MemcachedLocation, MemcachedOptions } from './api.ts'
import { serverName, serversOf } from './servers.ts'

type Entry = Omit<NpmRingServer, 'owner'>

/** Words of a digest; with `compatibility: 'hash_ring'` the first three of them are points. */
const WORDS_PER_DIGEST = 4
const HASH_RING_POINTS = 3

/** Returns the ring of the package, with the weights of a location, for any hash that it takes. */
export function ringOf(location: MemcachedLocation | undefined, options: MemcachedOptions): Distribution {
  const { compatibility } = options
  const hashing = hashingOf(options)
  const textOf = compatibility === 'ketama' ? npmKetamaText : (server: string): string => server
  const entries = byName(serversOf(location))
  const weights: Readonly<Record<string, unknown>> = isPlainObject(location) ? location : {}
  const entriesOf = ({ name, weight }: RoutedServer): Entry[] =>
    entries.get(name)?.map((server) => ({ text: textOf(server), ...shareOf(server, weights[server]) })) ?? [
      { text: textOf(name), weight },
    ]
  // Made once here, so that what is wrong with a weight or a hash is an error of the constructor.
  for (const name of entries.keys()) entriesOf({ name, weight: 1 })
  return (servers, previous) => {
    const placed = servers.flatMap((server, owner) => entriesOf(server).map((entry) => ({ owner, ...entry })))
    return npmRing(placed, servers.length, hashing, previous)
  }
}

/** A server may be there twice, which counts where weights become points. */
function byName(servers: readonly string[]): ReadonlyMap<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const server of servers) {
    const name = serverName(server)
    groups.set(name, [...(groups.get(name) ?? []), server])
  }
  return groups
}

/** A weight as the package reads it: a number, or an object that has one; what is none counts as 1. */
function shareOf(server: string, value: unknown): Pick<Entry, 'weight' | 'vnodes'> {
  const { weight: given, vnodes } = isPlainObject(value) ? value : { weight: value, vnodes: undefined }
  const weight = Number(given) || 1
  if (weight > 0) return { weight, vnodes: Number(vnodes) || undefined }
  throw new InvalidInputError(
    `server ${showValue(server)}: the weight must be a number above 0, got ${showValue(given)}`,
  )
}

function hashingOf({ algorithm = 'md5', compatibility }: MemcachedOptions): NpmHashing {
  const size = compatibility === 'hash_ring' ? HASH_RING_POINTS : WORDS_PER_DIGEST
  const { shape } = NPM_KETAMA
  if (algorithm === 'md5') return { ...NPM_KETAMA, shape: { ...shape, source: { ...shape.source, size } } }
  const { createHash } = needNodeModule('node:crypto')
  const words = (data: HashInput): Uint32Array => {
    const digest = createHash(algorithm).update(data).digest()
    return Uint32Array.from({ length: WORDS_PER_DIGEST }, (_, at) => digest.readUInt32LE(at * 4))
  }
  words('')
  const source: PointSource = { size, digest: (name, at) => words(`${name}-${at}`) }
  return { shape: { ...shape, source }, hash: (key) => words(key)[0] ?? 0 }
}
