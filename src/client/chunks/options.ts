import { checkOptions } from '../../known-options.ts'
import { count, flag, refused } from '../../option-checks.ts'
import { MIN_CHUNK_BYTES } from './manifest.ts'

/** Options of `chunks`. */
export interface ChunkOptions {
  /** Values with more bytes are stored in chunks; counted after the serde and compression. @defaultValue `1_000_000` */
  readonly aboveBytes?: number
  /** Bytes of a chunk, 1,024 or more. Choose it by the server's slab classes: see docs/chunks.md. @defaultValue `523_264` */
  readonly chunkBytes?: number
  /** Chunks under way to one server at a time: what is called meanwhile waits for these at most. @defaultValue `4` */
  readonly window?: number
  /**
   * `false`: the client reads values in chunks and stores none. Give this to every client before the first one stores any.
   *
   * @defaultValue `true`
   */
  readonly write?: boolean
}

/** Options of `chunks`, checked and complete. */
export type ResolvedChunkOptions = Required<ChunkOptions>

const OPTIONS: readonly (keyof ChunkOptions)[] = ['aboveBytes', 'chunkBytes', 'window', 'write']

/** Beyond this the client's own items would not fit either. */
const MAX_CHUNK_BYTES = 0x40000000

/** Checks the options and fills in the defaults. */
export function resolveChunkOptions(options: ChunkOptions = {}): ResolvedChunkOptions {
  checkOptions(options, OPTIONS, 'chunks')
  const { aboveBytes, chunkBytes, window, write } = options
  return Object.freeze({
    aboveBytes: count('aboveBytes', aboveBytes) ?? 1_000_000,
    chunkBytes: checkChunkBytes(count('chunkBytes', chunkBytes) ?? 523_264),
    window: count('window', window) ?? 4,
    write: flag('write', write, true),
  })
}

function checkChunkBytes(bytes: number): number {
  if (bytes >= MIN_CHUNK_BYTES && bytes <= MAX_CHUNK_BYTES) return bytes
  throw refused('chunkBytes', `a whole number from ${MIN_CHUNK_BYTES} to ${MAX_CHUNK_BYTES}`, bytes)
}
