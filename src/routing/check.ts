import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import type { RoutedServer } from './distribution.ts'

/** Most servers of a distribution: the owner of a ring's point has 16 bits. */
const MAX_SERVERS = 65_536

/** Checks a list of servers: not empty, each with its own name and a weight. */
export function checkServers(servers: readonly RoutedServer[]): readonly RoutedServer[] {
  if (!Array.isArray(servers) || servers.length === 0) {
    throw new InvalidInputError('a distribution needs a list of at least one server: { name, weight }')
  }
  if (servers.length > MAX_SERVERS) {
    throw new InvalidInputError(`a distribution takes up to ${MAX_SERVERS} servers, got ${servers.length}`)
  }
  const names = new Set<string>()
  for (const server of servers as readonly RoutedServer[]) {
    checkServer(server)
    if (names.has(server.name)) {
      throw new InvalidInputError(
        `two servers are called ${showValue(server.name)}: remove one, give it a name of its own, or raise its weight`,
      )
    }
    names.add(server.name)
  }
  return servers as readonly RoutedServer[]
}

function checkServer(server: RoutedServer): void {
  if (typeof server !== 'object' || server === null) {
    throw new InvalidInputError(`a server must be an object with a name and a weight, got ${showValue(server)}`)
  }
  const { name, weight } = server
  if (typeof name !== 'string' || name === '') {
    throw new InvalidInputError(`a server's name must be a text, not empty, got ${showValue(name)}`)
  }
  if (!Number.isSafeInteger(weight) || weight < 1) {
    throw new InvalidInputError(
      `server ${showValue(name)}: weight must be a positive integer, got ${showValue(weight)}`,
    )
  }
}

/** Refuses weights for a distribution that cannot follow them. */
export function refuseWeights(servers: readonly RoutedServer[], distribution: string): void {
  const weighted = servers.find(({ weight }) => weight !== 1)
  if (weighted === undefined) return
  throw new InvalidInputError(
    `server ${showValue(weighted.name)} has the weight ${weighted.weight}, but ${distribution} has no weights: ` +
      'give every server the weight 1, or use ketama()',
  )
}

/** Refuses options that are no object, and unknown options. */
export function checkOptions(options: object, known: readonly string[], distribution: string): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidInputError(`${distribution}: the options must be an object, got ${showValue(options)}`)
  }
  const unknown = Object.keys(options).find((option) => !known.includes(option))
  if (unknown === undefined) return
  const choice = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`
  throw new InvalidInputError(`${distribution}: there is no option ${showValue(unknown)}; ${choice}`)
}

/** Checks an option that is a hash function, and fills in the default. */
export function checkHash<T>(hash: T | undefined, otherwise: T, distribution: string): T {
  if (hash === undefined) return otherwise
  if (typeof hash === 'function') return hash
  throw new InvalidInputError(
    `${distribution}: hash must be a function such as hashes.md5 of memlane/routing, got ${showValue(hash)}`,
  )
}

/** Checks an option that is one of some texts. */
export function checkChoice<T extends string>(value: T, choices: readonly T[], option: string): T {
  if (choices.includes(value)) return value
  throw new InvalidInputError(`${option} must be one of ${choices.join(', ')}, got ${showValue(value)}`)
}

/** Checks an option that is true or false. */
export function checkFlag(value: boolean | undefined, option: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  throw new InvalidInputError(`${option} must be true or false, got ${showValue(value)}`)
}
