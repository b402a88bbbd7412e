/**
 * The client flags of the item that holds a key's place in text mode while its value is being loaded: the letters `ml`,
 * `k` and a 1. A promise of the data format.
 */
export const PLACEHOLDER_FLAGS = 0x6d6c6b01
