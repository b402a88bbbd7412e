export { chunks } from '../client/chunks/chunks.ts'
export type { ChunkOptions } from '../client/chunks/options.ts'
export type { ChunksPart } from '../client/large-values.ts'
