export type { TaggedGetOrSetOptions, TaggedOptions, TaggedReadOptions } from '../tags/options.ts'
export { type TaggedCache, tagged } from '../tags/tagged-cache.ts'
