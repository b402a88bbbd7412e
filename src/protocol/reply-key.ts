import { Buffer } from 'node:buffer'
import { type WireKey, wireKeyBytes } from './key.ts'
import { type Reply, Returned } from './reply.ts'

/** Checks whether the key in a meta reply, if there is one (`k`), is the command's. */
export function keyFits(reply: Reply, key: WireKey): boolean {
  if (!reply.has(Returned.key)) return true
  if (!reply.has(Returned.base64Key)) return keyMatches(reply, key)
  const told = reply.bytes.toString('latin1', reply.keyStart, reply.keyEnd)
  return Buffer.from(told, 'base64').equals(wireKeyBytes(key))
}

/** Compares the key of a reply with a requested key, in place. */
export function keyMatches(reply: Reply, key: WireKey): boolean {
  const expected = typeof key === 'string' ? key : key.echo
  const length = expected.length
  const start = reply.keyStart
  if (reply.keyEnd - start !== length) return false
  const bytes = reply.bytes
  // From the end: keys that share a prefix differ there.
  for (let at = length - 1; at >= 0; at--) if (bytes[start + at] !== expected.charCodeAt(at)) return false
  return true
}
