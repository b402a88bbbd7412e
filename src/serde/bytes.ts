import { Buffer } from 'node:buffer'

/** Returns the same bytes as a Buffer; a view, not a copy. */
export function asBuffer(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

/** Returns a range of bytes for the caller to keep: the buffer itself if it is owned and the range is all of it. */
export function takeBytes(bytes: Buffer, start: number, end: number, owned: boolean): Buffer {
  if (owned && start === 0 && end === bytes.length) return bytes
  const copy = Buffer.allocUnsafe(end - start)
  bytes.copy(copy, 0, start, end)
  return copy
}
