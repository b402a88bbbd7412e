/** A shorter beginning would fit too many names. */
const MIN_BEGINNING = 4
const MAX_EDITS = 2

/** The known name that was probably meant: it begins with the written one, or differs from it by a letter or two. */
export function nearestName(written: string, known: Iterable<string>): string | undefined {
  const letters = written.toLowerCase()
  let nearest: string | undefined
  let fewest = Math.min(MAX_EDITS, letters.length / 2)
  for (const name of known) {
    const edits = distance(letters, name.toLowerCase())
    // The first of equals stays.
    if (edits < fewest || (edits === fewest && nearest === undefined)) {
      nearest = name
      fewest = edits
    }
  }
  return nearest
}

function distance(written: string, name: string): number {
  if (written.length >= MIN_BEGINNING && name.startsWith(written)) return 0
  return countEdits(written, name)
}

/** Letters to put in, take out or change (Levenshtein's distance), row by row of its table. */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let at = 0; at < from.length; at++) {
    const next = [at + 1]
    for (let column = 0; column < to.length; column++) {
      const changed = row[column]! + (from[at] === to[column] ? 0 : 1)
      next.push(Math.min(changed, row[column + 1]! + 1, next[column]! + 1))
    }
    row = next
  }
  return row[to.length]!
}
