import {
  ConnectError,
  ConnectionClosedError,
  type MemcacheError,
  ServerDownError,
  ServerError,
  TimeoutError,
} from '../errors.ts'

/** Errors of a client for each failure, with the same `delivery`. @param about - Command, for messages. */
export const mockErrors: Readonly<
  Record<'down' | 'closed' | 'full', (about: string, server: string) => MemcacheError>
> = {
  down: (about, server) => {
    const cause = new ConnectError(`cannot connect to ${server}: it is down (MockMemcache)`, { server })
    return new ServerDownError(`${about}: ${server} is down: ${cause.message}`, { server, delivery: 'not-sent', cause })
  },
  closed: (about, server) =>
    new ConnectionClosedError(`${about}: the connection to ${server} was lost (MockMemcache)`, {
      server,
      delivery: 'unknown',
    }),
  // Reply of memcached 1.6.18 and 1.6.45, started with -M, without memory left.
  full: (about, server) =>
    new ServerError(`${about}: ${server} answered SERVER_ERROR out of memory storing object`, {
      server,
      delivery: 'answered',
    }),
}

/** Makes the error of a command whose time is over. */
export function mockTimeout(about: string, server: string, timeoutMs: number): TimeoutError {
  return new TimeoutError(`${about}: no reply from ${server} within ${timeoutMs} ms (MockMemcache)`, {
    server,
    delivery: 'unknown',
  })
}
