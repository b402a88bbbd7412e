import { type MemcacheOptions, unknownOption } from '../client/options.ts'
import { isRecord } from '../known-options.ts'
import { nearestName } from '../nearest-name.ts'
import { flag } from '../option-checks.ts'
import { unreadable } from '../unreadable.ts'

/** Options of {@link MemcacheSync}: those of `Memcache`, and one more. */
export interface MemcacheSyncOptions extends MemcacheOptions {
  /**
   * Whether the hot commands may go the direct way: the calling thread writes them to the worker's sockets itself, by their
   * file descriptors. The direct way is two to three times as fast as the worker. It relies on internals that `node:net` does
   * not promise, so it works on Node only. With `false` every call goes through the worker.
   *
   * @defaultValue `true`
   */
  readonly direct?: boolean
}

/** Options of a synchronous client, separated. */
export interface SeparatedOptions {
  readonly direct: boolean
  /** Options of the client in the worker. */
  readonly options: MemcacheOptions
}

/** Checks the option `direct`, and takes it out of the others. */
export function separateOptions(given: MemcacheSyncOptions): SeparatedOptions {
  // Refused with the other options.
  if (!isRecord(given)) return { direct: true, options: given }
  try {
    const misspelt = Object.keys(given).find((name) => name !== 'direct' && nearestName(name, ['direct']) !== undefined)
    if (misspelt !== undefined) throw unknownOption(misspelt, 'direct')
    const direct = flag('direct', given.direct, true)
    if (!Object.hasOwn(given, 'direct')) return { direct, options: given }
    const { direct: _, ...options } = given
    return { direct, options }
  } catch (cause) {
    throw unreadable('the options of the client', cause)
  }
}
