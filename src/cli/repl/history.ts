import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Host } from '../host.ts'

/** Lines that are kept. */
const MAX_LINES = 1000

/** Lines that were typed: of this session as they were, and in a file those of the last sessions, without values. */
export class History {
  readonly #path: string | undefined
  #stored: string[]
  /** Oldest first. */
  #lines: string[]

  /** @param path - File of the history; undefined: it is not stored. */
  constructor(path: string | undefined) {
    this.#path = path
    this.#stored = path === undefined ? [] : readLines(path)
    this.#lines = [...this.#stored]
  }

  /** Lines, oldest first. */
  get lines(): readonly string[] {
    return this.#lines
  }

  /**
   * Adds a line.
   *
   * @param line - As it was typed; undefined: not to be seen again.
   * @param stored - As it goes into the file; undefined: not at all.
   */
  add(line: string | undefined, stored: string | undefined): void {
    if (line !== undefined) this.#lines = append(this.#lines, line)
    if (stored !== undefined) this.#stored = append(this.#stored, stored)
  }

  /** Writes the file, which other users cannot read. A history that cannot be written is no error. */
  save(): void {
    if (this.#path === undefined || this.#stored.length === 0) return
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
      writeFileSync(this.#path, `${this.#stored.join('\n')}\n`, { mode: 0o600 })
      // The mode counts for new files only.
      chmodSync(this.#path, 0o600)
    } catch {
      // A home that is read-only, as in a container.
    }
  }
}

/** Returns the path of the history file by the XDG rules; undefined where there is no home. */
export function historyPath({ env }: Pick<Host, 'env'>): string | undefined {
  const state = env['XDG_STATE_HOME'] ?? ''
  if (state.startsWith('/')) return join(state, 'memlane', 'history')
  const home = env['HOME'] ?? homedir()
  return home === '' ? undefined : join(home, '.local', 'state', 'memlane', 'history')
}

function readLines(path: string): string[] {
  try {
    const lines = readFileSync(path, 'utf8').split('\n')
    return lines.filter((line) => line !== '').slice(-MAX_LINES)
  } catch {
    return []
  }
}

/** Puts a line at the end; one that stands there already is moved. */
function append(lines: readonly string[], line: string): string[] {
  return [...lines.filter((other) => other !== line), line].slice(-MAX_LINES)
}
