import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

export const MIGRATION: string = resolve(import.meta.dirname, '../../docs/migration')

/** A piece of code of a page, and where it stands. */
export interface Snippet {
  readonly page: string
  readonly code: string
}

/** A fenced block of code. */
export interface CodeBlock extends Snippet {
  readonly language: string
}

/** Returns the pages by file name. */
export function readPages(): Map<string, string> {
  const names = readdirSync(MIGRATION).filter((name) => name.endsWith('.md'))
  return new Map(names.map((name) => [name, readFileSync(join(MIGRATION, name), 'utf8')]))
}

/** Returns the fenced blocks of a page; those in a list are shifted to the margin. */
export function blocksOf(page: string, text: string): CodeBlock[] {
  const blocks = text.matchAll(/^( *)```(\w+)\n([\s\S]*?)^ *```$/gm)
  return [...blocks].map(([, indent, language, code]) => {
    const shifted = code!
      .split('\n')
      .map((line) => line.slice(indent!.length))
      .join('\n')
    return { page, language: language!, code: shifted }
  })
}

/** Returns the cells of a table's row: a `|` in code is written `\|`. */
function cellsOf(row: string): string[] {
  const cells = row.split(/(?<!\\)\|/).slice(1, -1)
  return cells.map((cell) => cell.trim().replaceAll('\\|', '|'))
}

/** Whether cells under this heading name parts of memlane. */
function isAboutMemlane(heading: string): boolean {
  return heading.includes('memlane')
}

/** Returns what stands in backticks in the columns about memlane, in all tables of a page. */
export function spansOf(page: string, text: string): Snippet[] {
  const tables = text.split(/\n\n+/).filter((part) => /^\|.*\n\| ?-/.test(part))
  return tables.flatMap((table) => {
    const [head, , ...rows] = table.trimEnd().split('\n').map(cellsOf)
    const columns = head!.flatMap((heading, column) => (isAboutMemlane(heading) ? [column] : []))
    const cells = rows.flatMap((row) => columns.map((column) => row[column] ?? ''))
    return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => ({ page, code: code! })))
  })
}

/** Returns the links of a page that lead nowhere, within the repository. */
export function brokenLinks(text: string): string[] {
  const prose = text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '')
  const targets = [...prose.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target!)
  return targets.filter((target) => !/^https?:/.test(target) && !leadsSomewhere(target, text))
}

function leadsSomewhere(target: string, text: string): boolean {
  const [path, anchor] = target.split('#') as [string, string?]
  const file = resolve(MIGRATION, path)
  if (path !== '' && !existsSync(file)) return false
  if (anchor === undefined) return true
  return anchorsOf(path === '' ? text : readFileSync(file, 'utf8')).includes(anchor)
}

/** Returns the anchors that GitHub gives to headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Returns the source file of an entry point, such as `memlane/compat/memjs`; undefined where the package has none. */
export function sourceOf(specifier: string, exported: readonly string[]): string | undefined {
  const path = `.${specifier.slice('memlane'.length)}`
  if (!exported.includes(path)) return undefined
  const name = path === '.' ? 'index' : path.slice(2).replace('/', '-')
  return join(dirname(dirname(MIGRATION)), 'src/exports', `${name}.ts`)
}
