export { deleteMatching } from '../keys/delete-matching.ts'
export { listKeys } from '../keys/list-keys.ts'
export type { ListedKey } from '../keys/listed-key.ts'
export type { DeleteMatchingOptions, KeyMatch, KeyOwner, ListKeysOptions } from '../keys/options.ts'
