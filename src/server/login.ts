import type { Buffer } from 'node:buffer'
import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import { LINE_END_BYTES } from './item.ts'
import type { Request } from './request-parser.ts'
import { endsLine } from './text-storage.ts'

/** User name and password for a server. */
export interface Account {
  /** User name, without white space. */
  readonly username: string
  /** Password: not empty, without CR, LF and NUL. Spaces in it need a `version` from 1.6.42 on. */
  readonly password: string
}

/** Result of a login: accepted, or the reply to another line; `closed`: no reply, and the connection ends. */
export type LoginResult = 'accepted' | 'closed' | { readonly refusal: string }

/** Shortest login line since memcached 1.6.42, in bytes: an earlier line feed cannot be part of a login. */
const MIN_HARDENED_BYTES = 6

/** Size of memcached's read buffer; since 1.6.42 no login may be larger. */
const MAX_HARDENED_TOKEN_BYTES = 16_384

const UNAUTHENTICATED = { refusal: 'CLIENT_ERROR unauthenticated\r\n' }

/** Returns the length of the account's text that a line announces; -1: it is no login. */
export function announcedLoginBytes(engine: Engine, line: CommandLine): number {
  const { hardenedLogin } = engine.dialect
  if (line.count < 5 || !line.is(0, 'set') || (hardenedLogin && (line.indented || !line.endedByCrLf))) return -1
  const bytes = engine.numbers.uint32(line.bytes, line.start(4), line.end(4))
  if (bytes === undefined || (hardenedLogin && bytes > MAX_HARDENED_TOKEN_BYTES)) return -1
  return bytes
}

/** Runs a request before the login: `set <any> <any> <any> <length>` with `<user> <password>`. */
export function logIn(engine: Engine, accounts: readonly Account[], request: Request): LoginResult {
  const { line, block } = request
  const { hardenedLogin } = engine.dialect
  if (hardenedLogin && line.rawBytes - 1 < MIN_HARDENED_BYTES) return 'closed'
  if (announcedLoginBytes(engine, line) < 0) {
    return isTokenTooLong(engine, line) ? { refusal: 'CLIENT_ERROR auth token too long\r\n' } : UNAUTHENTICATED
  }
  if (block !== undefined && !endsLine(block)) return { refusal: 'CLIENT_ERROR bad command line termination\r\n' }
  const text = block === undefined ? '' : textOf(block)
  const words = hardenedLogin ? [text] : text.split(' ').filter((word) => word !== '')
  if (hardenedLogin ? !text.includes(' ') : words.length < 2) {
    return { refusal: 'CLIENT_ERROR bad authentication token format\r\n' }
  }
  engine.counters.authCmds++
  if (accounts.some((account) => matches(account, words))) return 'accepted'
  engine.counters.authErrors++
  return { refusal: 'CLIENT_ERROR authentication failure\r\n' }
}

function isTokenTooLong(engine: Engine, line: CommandLine): boolean {
  if (!engine.dialect.hardenedLogin || line.count < 5 || !line.is(0, 'set')) return false
  if (line.indented || !line.endedByCrLf) return false
  const bytes = engine.numbers.uint32(line.bytes, line.start(4), line.end(4))
  return bytes !== undefined && bytes > MAX_HARDENED_TOKEN_BYTES
}

function textOf(block: Buffer): string {
  return block.toString('utf8', 0, block.length - LINE_END_BYTES)
}

/**
 * Compares an account with the login. Up to 1.6.41 memcached cuts the text at its spaces: a password with a space
 * fails.
 */
function matches({ username, password }: Account, words: readonly string[]): boolean {
  return words.length === 1 ? words[0] === `${username} ${password}` : words[0] === username && words[1] === password
}
