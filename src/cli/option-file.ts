import { readFileSync } from 'node:fs'
import { UsageError } from './usage-error.ts'

/** Reads the text of a file named by an option. */
export function readOptionFile(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`
    throw new UsageError(`${option} ${path}: ${reason}`, { cause: error })
  }
}
