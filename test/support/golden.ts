import { readFileSync, writeFileSync } from 'node:fs'

const PAGE = new URL('../../docs/observability.md', import.meta.url)

/** Writes the lines of a test's own into the page instead, to be looked at: `MEMLANE_WRITE_GOLDEN=1`. */
const WRITES = process.env['MEMLANE_WRITE_GOLDEN'] !== undefined

/** Compares lines with those of the page; gives what the page says. */
export function compareGolden(heading: string, lines: readonly string[]): string[] {
  const block = `\`\`\`json\n${lines.join('\n')}\n\`\`\``
  const page = readFileSync(PAGE, 'utf8')
  const [before = '', after = ''] = page.split(`## ${heading}\n`)
  if (WRITES) writeFileSync(PAGE, `${before}## ${heading}\n${after.replace(/```json\n[^`]*```/, block)}`)
  return goldenLines(heading)
}

/** The lines of the `json` block behind a heading of docs/observability.md. */
export function goldenLines(heading: string): string[] {
  const page = readFileSync(PAGE, 'utf8')
  const section = page.split(`## ${heading}\n`)[1] ?? ''
  return section.split('```json\n')[1]?.split('\n```')[0]?.split('\n') ?? []
}
