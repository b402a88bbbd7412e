import { neverAborts } from '../../abort-listener.ts'
import { InvalidInputError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import { showValue } from '../../show-value.ts'
import type { KeyOptions } from '../call-options.ts'
import { accessOf, type ClientAccess } from '../client-access.ts'
import { withPrefix } from '../entries.ts'
import type { CacheClient } from '../executor-of.ts'
import type { Namespace } from '../namespace/namespace.ts'
import { presentPrefix } from '../namespace/namespace-keys.ts'
import { ValuesInChunks } from './chunks.ts'

/** A `Memcache` with the option `chunks`, or a namespace of one. */
export type StreamOwner = CacheClient | Pick<Namespace, 'delete' | 'has'>

/** A client, and the chunks of its values. */
export interface StreamAccess extends ClientAccess {
  readonly large: ValuesInChunks
}

/** Returns the parts of a client or of a namespace. Throws `InvalidInputError` where it has no option `chunks`. */
export function streamAccessOf(command: string, owner: StreamOwner): StreamAccess {
  const access = accessOf(owner)
  if (access === undefined) {
    throw new InvalidInputError(`${command} takes a Memcache or a namespace of one, got ${showValue(owner)}`)
  }
  const { large } = access.parts.dispatcher
  if (large instanceof ValuesInChunks) return { ...access, large }
  throw new InvalidInputError(`${command} needs a client with the option chunks: chunks()`)
}

/** Returns the key with the prefix of a namespace, of its present generation. */
export async function wholeKeyOf(
  { namespaceKeys }: ClientAccess,
  key: Key,
  options: KeyOptions | undefined,
): Promise<Key> {
  return withPrefix(await presentPrefix(namespaceKeys, options?.signal ?? neverAborts()), key)
}
