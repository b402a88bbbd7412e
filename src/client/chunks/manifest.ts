import type { Buffer } from 'node:buffer'
import { latin1Slice } from '../../buffer-slices.ts'
import { MANIFEST_FLAGS } from '../../protocol/manifest.ts'
import { PLACEHOLDER_FLAGS } from '../../protocol/placeholder.ts'

/** The item in the place of a value that is stored in chunks. */
export interface Manifest {
  /** Bytes of the value. */
  readonly total: number
  /** Bytes of each chunk but the last. */
  readonly chunkBytes: number
  /** Number of chunks. */
  readonly count: number
  /** Identifies this value among all that were ever stored: 16 characters of base64url. */
  readonly generation: string
  /** CRC-32 of the value. */
  readonly crc: number
  /** Client flags of the value. */
  readonly clientFlags: number
}

/** The fields of a manifest that say how long its chunks are. */
export type ChunkShape = Pick<Manifest, 'total' | 'chunkBytes' | 'count'>

/** Fewest bytes of a chunk. */
export const MIN_CHUNK_BYTES = 1024

/** More bytes than the longest manifest has. */
const MAX_BYTES = 128

const MAX_FLAGS = 0xffffffff

/** Begins with a letter, so that `incr` refuses it, and ends in a line feed, so that what `append` adds is noticed. */
const FORM = /^v1 ([1-9]\d{0,15}) ([1-9]\d{0,9}) ([1-9]\d{0,9}) ([A-Za-z0-9_-]{16}) ([0-9a-f]{8}) (0|[1-9]\d{0,9})\n$/

/** Returns the data block of a manifest. */
export function encodeManifest({ total, chunkBytes, count, generation, crc, clientFlags }: Manifest): string {
  return `v1 ${total} ${chunkBytes} ${count} ${generation} ${crc.toString(16).padStart(8, '0')} ${clientFlags}\n`
}

/** Reads a data block; undefined where it is no manifest whose fields fit together. No chunk is asked for without this check. */
export function parseManifest(bytes: Buffer, start: number, end: number): Manifest | undefined {
  if (end - start > MAX_BYTES) return undefined
  const match = FORM.exec(latin1Slice(bytes, start, end))
  if (match === null) return undefined
  const [, total, chunkBytes, count, generation = '', crc = '', clientFlags] = match
  const manifest = {
    total: Number(total),
    chunkBytes: Number(chunkBytes),
    count: Number(count),
    generation,
    crc: Number.parseInt(crc, 16),
    clientFlags: Number(clientFlags),
  }
  return isSound(manifest) ? manifest : undefined
}

function isSound({ total, chunkBytes, count, clientFlags }: Manifest): boolean {
  if (!Number.isSafeInteger(total) || chunkBytes < MIN_CHUNK_BYTES || count !== Math.ceil(total / chunkBytes))
    return false
  // Neither of these is the flags of a value.
  return clientFlags <= MAX_FLAGS && clientFlags !== MANIFEST_FLAGS && clientFlags !== PLACEHOLDER_FLAGS
}

/** Returns the key of a chunk, without the client's prefix. */
export function chunkKey(generation: string, index: number): string {
  return `~c${generation}:${index.toString(36)}`
}

/** Returns the number of bytes of a chunk. */
export function chunkLength({ total, chunkBytes, count }: ChunkShape, index: number): number {
  return index === count - 1 ? total - index * chunkBytes : chunkBytes
}
