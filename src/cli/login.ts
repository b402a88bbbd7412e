import type { Credentials } from '../server-address.ts'
import { readAuthFile } from './auth-file.ts'
import type { Host } from './host.ts'
import { UsageError } from './usage-error.ts'

/** The options that have to do with the login. */
interface LoginOptions {
  readonly auth: string | undefined
  readonly authFile: string | undefined
}

/**
 * Finds the login: `--auth-file`, `--auth`, the variable `MEMCACHED_AUTH`. Asks for the password of `--auth user` on a
 * terminal.
 *
 * @param warn - Called when a password stands in the list of processes.
 */
export async function findLogin(
  { auth, authFile }: LoginOptions,
  host: Host,
  warn: (message: string) => void,
): Promise<Credentials | undefined> {
  if (auth !== undefined && authFile !== undefined) throw new UsageError('give --auth or --auth-file, not both')
  if (authFile !== undefined) return readAuthFile(authFile)[0]
  if (auth === undefined) return readPair('MEMCACHED_AUTH', host.env['MEMCACHED_AUTH'])
  if (!auth.includes(':')) return { username: auth, password: await passwordFor(auth, host) }
  warn('the password of --auth stands in the list of processes; use MEMCACHED_AUTH, --auth-file or --auth user')
  return readPair('--auth', auth)
}

function readPair(shown: string, text: string | undefined): Credentials | undefined {
  if (text === undefined || text === '') return undefined
  const colon = text.indexOf(':')
  // The text is not shown: it may be a password.
  if (colon < 1 || colon === text.length - 1) throw new UsageError(`${shown} must be user:password`)
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

async function passwordFor(user: string, host: Host): Promise<string> {
  if (host.stdin.isTTY === true && host.stderr.isTTY === true) {
    const { askPassword } = await import('./terminal/password.ts')
    return askPassword(`Password of ${user}: `, host)
  }
  throw new UsageError(
    'the password of --auth cannot be asked for without a terminal; use MEMCACHED_AUTH or --auth-file',
  )
}
