/**
 * Client flags of the item that represents a value stored in chunks: the letters `ml`, `k` and a 2. A promise of the
 * data format. The whole number counts, never a bit of it: bits such as 2048 are flags of other clients' values.
 */
export const MANIFEST_FLAGS = 0x6d6c6b02

/**
 * Key of a chunk, after the client's prefix: the generation of the value and the position of the chunk. No shorter key
 * matches.
 */
export const CHUNK_KEY: RegExp = /^~c[A-Za-z0-9_-]{16}:[0-9a-z]+$/
