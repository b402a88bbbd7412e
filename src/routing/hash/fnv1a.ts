/** Returns 32-bit FNV-1a of the character codes of a text, which for printable ASCII are its bytes. */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
