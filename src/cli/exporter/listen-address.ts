import { UsageError } from '../usage-error.ts'

/** Address to listen on. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

const MAX_PORT = 65_535

/** Reads `host:port`, `[::1]:port`, `:port` (all addresses), or a port of this machine alone. */
export function readListenAddress(text: string): ListenAddress {
  const [, bracketed, name, digits] = /^(?:(?:\[([^\]]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits ?? Number.NaN)
  if (!(port <= MAX_PORT)) throw new UsageError(`--listen must be host:port, got ${text}`)
  if (!text.includes(':')) return { host: '127.0.0.1', port }
  const host = bracketed ?? name ?? ''
  return { host: host === '' ? '::' : host, port }
}
