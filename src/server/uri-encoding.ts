const UNRESERVED = /[A-Za-z0-9\-._~]/

/** A key as dumps and logs show it: every byte but letters, digits and `-._~` as `%XX`. */
export function uriEncode(key: string): string {
  return Array.from(key, (character) => (UNRESERVED.test(character) ? character : escapeByte(character))).join('')
}

function escapeByte(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}
