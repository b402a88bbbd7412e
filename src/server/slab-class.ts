const MEGABYTE = 1024 * 1024
const SMALLEST_CHUNK_BYTES = 96
const LARGEST_CHUNK_BYTES = MEGABYTE / 2
const GROWTH_FACTOR = 1.25
const ALIGNMENT_BYTES = 8

/** Number of slab classes: memcached numbers them from 1 to 63, used or not. */
export const MAX_SLAB_CLASSES = 64

const chunkSizes = computeChunkSizes()
const classes = computeClasses()

/** Computes the chunk sizes of memcached with its default settings, class 1 first. */
function computeChunkSizes(): readonly number[] {
  const sizes: number[] = []
  for (let size = SMALLEST_CHUNK_BYTES; size <= LARGEST_CHUNK_BYTES / GROWTH_FACTOR; ) {
    const aligned = Math.ceil(size / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    sizes.push(aligned)
    size = Math.trunc(aligned * GROWTH_FACTOR)
  }
  sizes.push(LARGEST_CHUNK_BYTES)
  return sizes
}

/**
 * Computes the class of every size, in steps of the alignment: every hit counts for a class, so this must cost nothing.
 */
function computeClasses(): Uint8Array {
  const table = new Uint8Array(LARGEST_CHUNK_BYTES / ALIGNMENT_BYTES + 1)
  let index = 0
  for (const step of table.keys()) {
    if (step * ALIGNMENT_BYTES > chunkSizes[index]!) index++
    table[step] = index + 1
  }
  return table
}

/** Returns the slab class of memcached for an item of this size. There are no slabs here; statistics show it. */
export function slabClassOf(bytes: number): number {
  return classes[Math.ceil(bytes / ALIGNMENT_BYTES)] ?? chunkSizes.length
}

/** Number of the class with the largest chunks. */
export const LARGEST_SLAB_CLASS: number = chunkSizes.length

/** Returns the chunk size of a slab class. */
export function chunkBytesOf(slabClass: number): number {
  return chunkSizes[slabClass - 1] ?? LARGEST_CHUNK_BYTES
}
