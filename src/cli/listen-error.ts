import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { InvalidInputError } from '../errors.ts'
import type { MemcachedServerOptions } from '../server/server-options.ts'

/** Names of the server's options on the command line. */
const WORDS: Readonly<Record<string, string>> = {
  port: '--port',
  path: '--socket',
  memoryBytes: '--memory',
  maxItemBytes: '--max-item-size',
  maxConnections: '--conn-limit',
  idleTimeoutMs: '--idle-timeout',
  prefixDelimiter: '--prefix-delimiter',
  version: '--version-string',
  auth: 'a login',
}

/** Explains why a server could not start, in one line with a remedy. */
export function explainListenError(error: unknown, options: MemcachedServerOptions): string {
  if (error instanceof InvalidInputError) return inWordsOfTheCommandLine(error.message)
  const { code = '', message } = error as NodeJS.ErrnoException
  const where = options.path ?? `port ${options.port ?? 0} on ${options.host ?? '127.0.0.1'}`
  switch (code) {
    case 'EADDRINUSE':
      return options.path === undefined
        ? `${where} is in use; end what listens there, or choose another with --port`
        : `${where} exists; remove it if no server uses it, or choose another with --socket`
    case 'EACCES':
      return options.path === undefined
        ? `${where} is not allowed for this user; choose a port above 1023 with --port`
        : explainRefusedPath(options.path)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${options.host ?? ''} is no address of this machine; choose another with --host`
    default:
      return message.replaceAll(/\s*\n\s*/g, ' ')
  }
}

/**
 * Explains EACCES of a unix socket, which Node reports both for a folder without write permission and for a missing
 * folder.
 */
function explainRefusedPath(path: string): string {
  const folder = dirname(path)
  return existsSync(folder)
    ? `${path} is not allowed for this user; choose another folder with --socket`
    : `${path} needs the folder ${folder}, which does not exist; make it, or choose another with --socket`
}

function inWordsOfTheCommandLine(message: string): string {
  return message.replace(/^option (\w+)/, (text, name: string) => WORDS[name] ?? text)
}
