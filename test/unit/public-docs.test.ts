import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const SRC = resolve(import.meta.dirname, '../../src')

interface PublicName {
  readonly name: string
  /** The file that declares it, below `src`. */
  readonly file: string
}

/** What the doors hand out. */
function publicNames(): PublicName[] {
  const doors = readdirSync(join(SRC, 'exports')).map((door) => join(SRC, 'exports', door))
  const names = doors.flatMap((door) => {
    const exported = readFileSync(door, 'utf8').matchAll(/export (?:type )?\{([^}]*)\} from '([^']+)'/g)
    return [...exported].flatMap(([, list, path]) => {
      const file = join(dirname(door), path!)
      const words = list!.split(',').map(
        (word) =>
          word
            .replace(/\btype\b/, '')
            .trim()
            .split(' as ')[0]!,
      )
      return words.filter((name) => name !== '').map((name) => ({ name, file }))
    })
  })
  return [...new Map(names.map((one) => [`${one.file} ${one.name}`, one])).values()]
}

/** The lines of a file, and where the name is declared in it. */
function declarationOf({ name, file }: PublicName): { lines: string[]; at: number } {
  const lines = readFileSync(file, 'utf8').split('\n')
  const declared = new RegExp(
    `^export (?:declare )?(?:abstract )?(?:async )?(?:class|function|const|interface|type) ${name}\\b`,
  )
  return { lines, at: lines.findIndex((line) => declared.test(line)) }
}

/** Whether a comment ends right above a line; overloads share the comment of the first. */
function isDocumented(lines: readonly string[], at: number, name: string): boolean {
  let above = at - 1
  while (/^(?:@|\/\/)/.test(lines[above]!.trim())) above--
  if (lines[above]!.trim().endsWith('*/')) return true
  // An overload, one that spans lines included, stands behind another of the same name.
  for (let line = above; line >= 0 && !lines[line]!.trim().endsWith('*/'); line--) {
    if (/^ {2}[})]?\s*$/.test(lines[line]!) && lines[line]!.trim() === '}') return false
    if (new RegExp(`^ {2}(?:async |get |set )?${name}[<(]`).test(lines[line]!)) return isDocumented(lines, line, name)
  }
  return false
}

const MEMBER = /^ {2}(?:readonly |static |override |async |get |\*)*([a-zA-Z]\w*)(?:[?!]?:| ?[<(=])/

/** The public members of a class or interface that no comment explains. */
function undocumentedMembers(lines: readonly string[], at: number): string[] {
  if (!/\b(?:class|interface)\b/.test(lines[at]!) || lines[at]!.trimEnd().endsWith('{}')) return []
  const missing: string[] = []
  for (let line = at + 1; lines[line] !== '}'; line++) {
    const name = MEMBER.exec(lines[line]!)?.[1]
    if (
      name === undefined ||
      name === 'constructor' ||
      name === 'set' ||
      // An override does what the overridden one says.
      /^ {2}(?:override|private|return|if|for|const)\b/.test(lines[line]!)
    )
      continue
    if (!isDocumented(lines, line, name)) missing.push(name)
  }
  return missing
}

/** What says all there is to say by its name and type; the class or interface tells what it is for. */
const SPEAKING = /^(?:name|code|message|key|keys|value|host|stack|cause|reason)$/

describe('everything public', () => {
  const names = publicNames()

  it('was found', () => {
    expect(names.map(({ name }) => name)).toEqual(expect.arrayContaining(['Memcache', 'MemcachedServer', 'Serde']))
  })

  it.each(names.map((one) => [one.name, one] as const))('%s has a comment that says what it is', (name, one) => {
    const { lines, at } = declarationOf(one)
    expect(at, `${name} is declared in ${one.file}`).toBeGreaterThanOrEqual(0)
    expect(isDocumented(lines, at, name)).toBe(true)
  })

  it.each(names.map((one) => [one.name, one] as const))('%s has members with comments', (_name, one) => {
    const { lines, at } = declarationOf(one)
    expect(undocumentedMembers(lines, at).filter((member) => !SPEAKING.test(member))).toEqual([])
  })
})
