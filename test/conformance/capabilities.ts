import { InvalidInputError, type MemcacheError, UnknownCommandError } from '../../src/errors.ts'

/**
 * What some servers, or protocols, cannot do. A suite names what a test needs (`context.itNeeds`); where a target lacks it,
 * the test of what happens instead runs, or else the test is left out, there and only there.
 */
export type Lack =
  /** The tests own the server's clock. Elsewhere, expiry is checked by what the server says is left. */
  | 'clock'
  /** Keys with spaces, control bytes or any other byte. */
  | 'anyByteKeys'
  /** A quiet command that was refused says so. */
  | 'quietErrors'
  /** `noreply` of the classic protocol is silent whatever happens: a line that comes all the same costs the connection. */
  | 'silentNoreply'
  /**
   * A refused command harms no neighbour. The built-in proxy drops its connection to a backend that answers an error line,
   * and what was under way to that backend fails with `SERVER_ERROR backend failure` (seen on 1.6.45).
   */
  | 'errorsAlone'
  /** What only meta commands can do: leases without an item of their own, stale items, metadata. */
  | 'meta'
  /** Items have a cas number. */
  | 'cas'
  /** `gat` and `gats`. */
  | 'gat'
  /** `stats`, `flush_all`, `verbosity` and the other commands to a server instead of to an item. */
  | 'admin'

/** What the classic protocol cannot do, on any server. */
export const lackedByText: readonly Lack[] = ['anyByteKeys', 'quietErrors', 'meta']

/** Why, for the page of compatibility. */
export const lackText: Readonly<Record<Lack, string>> = {
  clock: 'a clock that tests can move',
  anyByteKeys: 'keys of any bytes',
  quietErrors: 'word of quiet commands that were refused',
  silentNoreply: 'noreply without replies',
  errorsAlone: 'errors that leave neighbours alone',
  meta: 'meta commands',
  cas: 'cas numbers',
  gat: 'gat',
  admin: 'server commands (stats, flush_all …)',
}

/**
 * The class of the error for what needs the meta protocol, where that is not spoken. twemproxy passes on the version of a
 * server that speaks meta, and closes on `mn`: for a client that may choose that is no fault of its caller's.
 */
export function missingMetaError({
  server,
  protocol,
}: {
  readonly server: string
  readonly protocol: string
}): typeof MemcacheError {
  return server === 'twemproxy' && protocol === 'auto' ? UnknownCommandError : InvalidInputError
}
