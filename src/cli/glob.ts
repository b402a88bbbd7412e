/**
 * Returns a test of texts by a pattern: `*` is any text, `?` any character, `[a-z]` one of these, `[^a-z]` none of these, `\` takes
 * the next character as it is. The whole text must match.
 */
export function globTest(pattern: string): (text: string) => boolean {
  let source = ''
  for (const [token] of pattern.matchAll(/\\.|\[\^?(?:\\.|[^\]\\])+\]|[\s\S]/gu)) source += sourceOf(token)
  const regexp = new RegExp(`^${source}$`, 'su')
  return (text) => regexp.test(text)
}

function sourceOf(token: string): string {
  if (token === '*') return '.*'
  if (token === '?') return '.'
  if (token.length > 2 && token.startsWith('[')) return classOf(token)
  return escapeLetter(token.startsWith('\\') && token.length > 1 ? token.slice(1) : token)
}

/** A class of characters: only `^` at its begin, `-` between two characters and `\` mean something. */
function classOf(token: string): string {
  const isNegated = token.startsWith('[^')
  const inner = token.slice(isNegated ? 2 : 1, -1)
  const letters = inner.replaceAll(
    /\\(.)|([[\]^])/gsu,
    (_, escaped?: string, special?: string) => `\\${escaped ?? special!}`,
  )
  return `[${isNegated ? '^' : ''}${letters.replaceAll(/\\([a-zA-Z0-9\s])/g, '$1')}]`
}

function escapeLetter(letter: string): string {
  return letter.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
}
