import { readFileSync } from 'node:fs'

/** What the original answers, and what the shim answers, a line for each call. */
export interface Golden {
  readonly original: string[]
  readonly shim: string[]
}

/**
 * Reads a transcript of the original. A line that begins with `! ` follows the line of the original where the shim answers
 * something else, `# ` says why.
 */
export function readGolden(path: string): Golden {
  const original: string[] = []
  const shim: string[] = []
  for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) {
    if (line.startsWith('# ')) continue
    if (line.startsWith('! ')) shim.splice(-1, 1, line.slice(2))
    else {
      original.push(line)
      shim.push(line)
    }
  }
  return { original, shim }
}
