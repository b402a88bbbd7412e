import type { Key } from '../protocol/key.ts'
import type { KeyOptions } from './call-options.ts'
import { type Dispatcher, isAbsorbable } from './dispatcher.ts'
import type { ItemSnapshot } from './lease/item-snapshot.ts'
import { rearmRequest } from './lease/requests.ts'
import { readNothing } from './results.ts'

/**
 * Gives back the win token of a stale item that a reading took (that of a base64 key; others take none) where nothing is
 * stored. A failure is an event, and costs no more than a reload that comes later.
 */
export async function giveBackToken(
  dispatcher: Dispatcher,
  key: Key,
  { won, cas }: ItemSnapshot,
  options: KeyOptions | undefined,
): Promise<void> {
  if (!won) return
  // Also after an abort: others wait for the token.
  const { signal: _signal, ...rest } = options ?? {}
  try {
    await dispatcher.run(rearmRequest(cas), key, readNothing, 'never', undefined, rest)
  } catch (error) {
    if (isAbsorbable(error)) dispatcher.report(error, [key])
  }
}
