/** Words of a line, as a shell splits them. */
export interface SplitLine {
  readonly words: readonly string[]
  /** Whether the last word is not finished: a quote is open, or a backslash stands at the end. */
  readonly isOpen: boolean
  /** Position of the last word in the text; its length where a new word would begin. */
  readonly lastAt: number
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/**
 * Splits a line at blanks. Single quotes keep everything; between double quotes, `\n`, `\r` and `\t` are control characters and a
 * backslash keeps what follows it; elsewhere a backslash keeps the next character. A `#` at the start of a word begins a comment.
 */
export function splitLine(text: string): SplitLine {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  let lastAt = text.length
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) words.push(word)
      ;[word, lastAt] = [undefined, text.length]
      continue
    }
    if (word === undefined && character === '#') return { words, isOpen: false, lastAt: text.length }
    if (word === undefined) [word, lastAt] = ['', at]
    if (character === quote) quote = ''
    else if (quote === '' && (character === "'" || character === '"')) quote = character
    else if (character === '\\' && quote !== "'") {
      at++
      if (at === text.length) return { words: [...words, word], isOpen: true, lastAt }
      // A line feed behind a backslash goes on with the line.
      if (text[at] !== '\n') word += unescaped(text[at]!, quote)
    } else word += character
  }
  return { words: word === undefined ? words : [...words, word], isOpen: quote !== '', lastAt }
}

function unescaped(character: string, quote: string): string {
  return quote === '"' ? (ESCAPES[character] ?? character) : character
}

/** Returns a word that {@link splitLine} reads as the same one. */
export function quoteWord(word: string): string {
  if (/^[^\s'"\\#][^\s'"\\]*$/.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}
