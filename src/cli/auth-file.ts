import type { Account } from '../server/login.ts'
import { readOptionFile } from './option-file.ts'
import { UsageError } from './usage-error.ts'

/** Reads the accounts in a file in the format of memcached's `-Y`: `user:password` in every line, empty lines apart. */
export function readAuthFile(path: string): Account[] {
  const lines = readOptionFile('--auth-file', path).split(/\r?\n/)
  const accounts: Account[] = []
  for (const [index, line] of lines.entries()) {
    if (line === '') continue
    const colon = line.indexOf(':')
    // The line is not shown: it may be a password.
    if (colon < 1) throw new UsageError(`--auth-file ${path}: line ${index + 1} must be user:password`)
    accounts.push({ username: line.slice(0, colon), password: line.slice(colon + 1) })
  }
  if (accounts.length === 0) throw new UsageError(`--auth-file ${path} has no account; add a line user:password`)
  return accounts
}
