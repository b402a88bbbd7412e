const MEGABYTE = 1024 * 1024
const SMALLEST_CHUNK_BYTES = 96
const LARGEST_CHUNK_BYTES = MEGABYTE / 2
const GROWTH_FACTOR = 1.25
const ALIGNMENT_BYTES = 8

const chunkBytes = chunkSizes()

/** Chunk sizes of memcached with its default settings, class 1 first. */
function chunkSizes(): readonly number[] {
  const sizes: number[] = []
  for (let size = SMALLEST_CHUNK_BYTES; size <= LARGEST_CHUNK_BYTES / GROWTH_FACTOR; ) {
    const aligned = Math.ceil(size / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    sizes.push(aligned)
    size = Math.trunc(aligned * GROWTH_FACTOR)
  }
  sizes.push(LARGEST_CHUNK_BYTES)
  return sizes
}

/** The slab class that memcached would keep an item of this size in. There are no slabs here; `me` shows it. */
export function slabClassOf(bytes: number): number {
  const index = chunkBytes.findIndex((size) => bytes <= size)
  return index < 0 ? chunkBytes.length : index + 1
}
