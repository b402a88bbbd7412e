import { type Buffer, isUtf8 } from 'node:buffer'
import {
  brotliDecompressor,
  type Decompressor,
  decompressNow,
  gzipDecompressor,
  zlibDecompressor,
  zstdDecompressor,
} from '../serde/decompress.ts'
import { EXIT } from './exit-code.ts'
import { Failure } from './failure.ts'
import type { SerdeName } from './serde-names.ts'
import type { Stored } from './stored.ts'

/** Most bytes of a decompressed value. */
const MAX_UNPACKED = 128 * 1024 * 1024

/** Value for people: what is stored, and how. */
export interface Decoded {
  /** The value; a Buffer where the format is not known, or is bytes. */
  readonly value: unknown
  /** Name of the serde that read it, `text`, `bytes` or `unknown`, with compression in front: `zlib+default`. */
  readonly format: string
}

/**
 * Decodes a stored value by the serde of `--serde`. `auto` tells the writer by client flags and first bytes, and never fails: what
 * it does not know is text where it is UTF-8, else bytes.
 */
export async function decodeStored(stored: Stored, serde: SerdeName): Promise<Decoded> {
  if (serde === 'auto') return decodeAuto(stored)
  const { serdeNamed } = await import('./serdes.ts')
  try {
    return { value: serdeNamed(serde).deserialize(stored.data, stored.clientFlags, ''), format: serde }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Failure(`the value cannot be read with --serde ${serde}: ${reason}`, EXIT.usage, { cause })
  }
}

async function decodeAuto({ data, clientFlags }: Stored): Promise<Decoded> {
  if (clientFlags === 0 && isUtf8(data)) return { value: data.toString('utf8'), format: 'text' }
  const own = await decodeOwn(data, clientFlags)
  const known = own ?? (await decodeForeign(data, clientFlags)) ?? decodePacked(data)
  return known ?? { value: isUtf8(data) ? data.toString('utf8') : data, format: 'unknown' }
}

async function decodeOwn(data: Buffer, clientFlags: number): Promise<Decoded | undefined> {
  const [{ defaultSerde }, { COMPRESSED_FLAGS, isCompressed }] = await Promise.all([
    import('../serde/default-serde.ts'),
    import('../client/compression.ts'),
  ])
  return attempt(() => {
    if (!isCompressed(clientFlags)) return { value: defaultSerde.deserialize(data, clientFlags, ''), format: 'default' }
    const packed = PACKINGS.find(({ flag }) => flag === (clientFlags & COMPRESSED_FLAGS))!
    const value = defaultSerde.deserialize(unpack(packed, data), clientFlags & ~COMPRESSED_FLAGS, '')
    return { value, format: `${packed.name}+default` }
  })
}

async function decodeForeign(data: Buffer, clientFlags: number): Promise<Decoded | undefined> {
  const { foreignReaders } = await import('../serde/foreign-values.ts')
  const { serdeOfLibrary } = await import('./serdes.ts')
  for (const reader of foreignReaders(data, clientFlags)) {
    const named = serdeOfLibrary(reader)
    if (named === undefined) continue
    const { name, serde } = named
    const decoded = attempt(() => ({ value: serde.deserialize(data, clientFlags, ''), format: name }))
    if (decoded !== undefined) return decoded
  }
  return undefined
}

function attempt(decode: () => Decoded): Decoded | undefined {
  try {
    return decode()
  } catch {
    return undefined
  }
}

/** Compression of values. */
interface Packing {
  readonly name: string
  /** Client flag of the compression of memlane's own clients. */
  readonly flag?: number
  /** First bytes, as hexadecimal digits. */
  readonly begins?: RegExp
  readonly decompressor: () => Decompressor | undefined
}

const PACKINGS: readonly Packing[] = [
  { name: 'zlib', flag: 8, begins: /^78(?:01|5e|9c|da)/, decompressor: zlibDecompressor },
  { name: 'gzip', begins: /^1f8b/, decompressor: gzipDecompressor },
  { name: 'brotli', flag: 128, decompressor: brotliDecompressor },
  { name: 'zstd', flag: 256, begins: /^28b52ffd/, decompressor: zstdDecompressor },
]

/** Decodes text in a compressed stream that no client flags announce. */
function decodePacked(data: Buffer): Decoded | undefined {
  const start = data.toString('hex', 0, 4)
  const packing = PACKINGS.find(({ begins }) => begins?.test(start) === true)
  if (packing === undefined) return undefined
  return attempt(() => {
    const plain = unpack(packing, data)
    return isUtf8(plain)
      ? { value: plain.toString('utf8'), format: `${packing.name}+text` }
      : { value: plain, format: `${packing.name}+bytes` }
  })
}

function unpack({ name, decompressor }: Packing, data: Buffer): Buffer {
  const found = decompressor()
  if (found === undefined) throw new Error(`this version of Node has no ${name}`)
  return decompressNow(found, data, MAX_UNPACKED)
}
