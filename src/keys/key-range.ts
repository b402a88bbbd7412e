import { Buffer } from 'node:buffer'
import { serversOf } from '../client/admin.ts'
import { accessOf, type ClientAccess } from '../client/client-access.ts'
import { presentPrefix } from '../client/namespace/namespace-keys.ts'
import { InvalidInputError } from '../errors.ts'
import { wireKeyBytes } from '../protocol/key.ts'
import { uriEncode } from '../protocol/uri-encoding.ts'
import type { ServerExecutor } from '../seam/executor.ts'
import { showValue } from '../show-value.ts'
import type { KeyOwner, ResolvedListOptions } from './options.ts'

/** Returns the parts of a client or of a namespace. */
export function checkOwner(command: string, owner: KeyOwner): ClientAccess {
  const access = accessOf(owner)
  if (access !== undefined) return access
  throw new InvalidInputError(
    `${command} takes a Memcache or a namespace of one, got ${showValue(owner)}; the clients of memlane/sync and memlane/meta have no key listing`,
  )
}

/** Range of the keys of a client or a namespace. */
export interface KeyRange {
  readonly servers: readonly ServerExecutor[]
  /** Of the namespace, with its generation; empty for a client. */
  readonly namespacePrefix: string
  /** In front of every key of the owner, percent-encoded: keys are given without it. */
  readonly ownPrefix: Buffer
  /** In front of every wanted key, percent-encoded. */
  readonly wantedPrefix: Buffer
  readonly isNamespace: boolean
}

/** Finds out which servers there are, and the present prefix. */
export async function findKeyRange(
  { backend, parts, namespaceKeys }: ClientAccess,
  { server, timeoutMs, prefix }: ResolvedListOptions,
  signal: AbortSignal,
): Promise<KeyRange> {
  const servers = await serversOf(backend, server, { timeoutMs, signal })
  const namespacePrefix = await presentPrefix(namespaceKeys, signal)
  // A key of one byte after the client's prefix.
  const clientPrefix = wireKeyBytes(parts.dispatcher.encodeKey('k')).subarray(0, -1)
  const own = Buffer.concat([clientPrefix, Buffer.from(namespacePrefix, 'utf8')])
  return {
    servers,
    namespacePrefix,
    ownPrefix: percentEncoded(own),
    wantedPrefix: percentEncoded(Buffer.concat([own, prefix])),
    isNamespace: namespaceKeys !== undefined,
  }
}

function percentEncoded(bytes: Buffer): Buffer {
  return Buffer.from(uriEncode(bytes.toString('latin1')), 'latin1')
}
