import type { MemcachedServerOptions } from '../server/server-options.ts'

/** Why a server could not start, in one line that says what to do. */
export function explainListenError(error: unknown, options: MemcachedServerOptions): string {
  const { code = '', message } = error as NodeJS.ErrnoException
  const where = options.path ?? `port ${options.port ?? 0} on ${options.host ?? '127.0.0.1'}`
  switch (code) {
    case 'EADDRINUSE':
      return options.path === undefined
        ? `${where} is in use; end what listens there, or choose another with --port`
        : `${where} exists; remove it if no server uses it, or choose another with --socket`
    case 'EACCES':
      return `${where} is not allowed for this user; choose a port above 1023, or another folder`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${options.host ?? ''} is no address of this machine; choose another with --host`
    default:
      return message.replaceAll(/\s*\n\s*/g, ' ')
  }
}
