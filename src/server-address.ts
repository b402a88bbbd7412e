import { Buffer } from 'node:buffer'
import { InvalidInputError } from './errors.ts'
import { isIpv6 } from './ip-address.ts'
import { isRecord, refuseUnknown } from './known-options.ts'
import { isLoginForm, type LoginForm, parseServerText } from './server-text.ts'
import { showValue } from './show-value.ts'
import type { TlsOptions } from './tls-options.ts'

/**
 * A server: `'host'`, `'host:port'`, `'[::1]:11211'`, `'/run/mc.sock'`, `'unix:/run/mc.sock'`,
 * `'memcached://user:pass@host:11211?weight=2&name=a'` (`memcacheds://` for TLS; user name and password
 * percent-encoded; parameters `name`, `weight`, `version`, and `auth` for the form of the login), the same for a unix socket,
 * `'memcached:///run/mc.sock?weight=2'`, or a {@link ServerAddress}. The port is 11211 where none is given.
 */
export type ServerSpec = string | ServerAddress

/** A server, spelled out, with a `host` or the `path` of a unix socket. */
export interface ServerAddress {
  /** Name or address of the host; IPv6 with or without brackets. */
  readonly host?: string | undefined
  /** @defaultValue `11211` */
  readonly port?: number | undefined
  /** Path of a unix socket, instead of host and port. */
  readonly path?: string | undefined
  /**
   * The server's identity: in errors, in events, and on the ring, so that an address can change without moving keys.
   *
   * @defaultValue `'host:port'`, or the path
   */
  readonly name?: string | undefined
  /**
   * Its share of the keys, relative to the other servers; a positive integer.
   *
   * @defaultValue `1`
   */
  readonly weight?: number | undefined
  /** TLS for this server; `true` is TLS with Node's defaults. Without it, the client's `tls` holds. */
  readonly tls?: TlsOptions | boolean | undefined
  /** The login for this server. Without it, the client's `auth` holds. */
  readonly auth?: Credentials | undefined
  /** Takes the place of what the server says of its version, such as `'1.6.21'`. */
  readonly version?: string | undefined
}

/** Name and password of the ASCII login (memcached's `-Y`), or of MemCachier's. */
export interface Credentials {
  /** Without spaces; with `form: 'memcachier'` 250 bytes at most, without white space and control characters. */
  readonly username: string
  /** Not empty, without CR, LF and NUL. Spaces in it need memcached 1.6.42 or newer. */
  readonly password: string
  /**
   * Form of the login. `memcached`: name and password as the value of a random key. `memcachier`: the name as the key,
   * the password as its value, which is MemCachier's own form of login. **A server that wants no login stores it: the
   * password is then an item that every client can read.**
   *
   * @defaultValue `'memcached'`
   */
  readonly form?: LoginForm | undefined
}

/** A checked server. Login and TLS options do not show when it is inspected or turned into JSON. */
export interface Server {
  /** Its identity in errors, in events and on the ring. */
  readonly name: string
  /** Address that the server listens on; an IPv6 host has no brackets. */
  readonly endpoint: Endpoint
  readonly weight: number
  /** `false`: no TLS, whatever the client's option says. `undefined`: as the client's option says. */
  readonly tls: TlsOptions | false | undefined
  /** `undefined`: as the client's option says. */
  readonly auth: Credentials | undefined
  readonly version: string | undefined
}

/** Address that a server listens on. */
export type Endpoint =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** memcached's own default. */
const DEFAULT_PORT = 11_211
const MAX_PORT = 65_535

/** With MemCachier the user name is a key. */
const MAX_USERNAME_BYTES = 250

const TLS_OPTIONS: readonly (keyof TlsOptions)[] = [
  'ca',
  'cert',
  'checkServerIdentity',
  'ciphers',
  'crl',
  'ecdhCurve',
  'key',
  'maxVersion',
  'minVersion',
  'passphrase',
  'pfx',
  'rejectUnauthorized',
  'secureContext',
  'servername',
  'session',
  'sigalgs',
]

const ADDRESS_OPTIONS: readonly (keyof ServerAddress)[] = [
  'host',
  'port',
  'path',
  'name',
  'weight',
  'tls',
  'auth',
  'version',
]

/**
 * Checks a server and fills in what it leaves out.
 *
 * @param spec - What the caller gave; anything but a usable `ServerSpec` is an `InvalidInputError`, which never shows
 * a login.
 */
export function parseServerSpec(spec: ServerSpec): Server {
  if (typeof spec === 'string') {
    const { address, shown } = parseServerText(spec)
    return resolveServer(address, `server ${shown}`)
  }
  if (!isRecord(spec)) {
    throw new InvalidInputError(`a server must be a string or an object with a host or a path, got ${showValue(spec)}`)
  }
  if (Object.hasOwn(spec, 'servers')) {
    throw new InvalidInputError("the servers come first, the options second: new Memcache(['host:11211'], { … })")
  }
  refuseUnknown(spec, ADDRESS_OPTIONS, 'server')
  return resolveServer(spec, 'server')
}

/**
 * Checks the credentials of the ASCII login.
 *
 * @param option - What the error calls them.
 */
export function parseCredentials(auth: Credentials, option: string): Credentials {
  if (!isRecord(auth)) {
    // Not shown: it may be the password.
    throw new InvalidInputError(`${option} must be an object with a username and a password`)
  }
  refuseUnknown(auth, ['username', 'password', 'form'], option)
  const { username, password, form } = auth
  // The login is one line, `username password`: neither may end it, and the first space ends the name.
  if (!isText(username) || /[ \r\n\0]/.test(username)) {
    throw new InvalidInputError(`${option}.username must be a text, not empty, without spaces, CR, LF or NUL`)
  }
  if (!isText(password) || /[\r\n\0]/.test(password)) {
    throw new InvalidInputError(`${option}.password must be a text, not empty, without CR, LF or NUL`)
  }
  if (form === undefined) return Object.freeze({ username, password })
  if (!isLoginForm(form)) throw new InvalidInputError(`${option}.form must be 'memcached' or 'memcachier'`)
  if (form === 'memcachier' && (/[\s\p{Cc}]/u.test(username) || Buffer.byteLength(username) > MAX_USERNAME_BYTES)) {
    throw new InvalidInputError(
      `${option}.username must be a key of memcached: ${MAX_USERNAME_BYTES} bytes at most, without white space and control characters`,
    )
  }
  return Object.freeze({ username, password, form })
}

/**
 * Checks a `tls` option: `true` becomes `{}`.
 *
 * @param option - What the error calls it.
 */
export function parseTls(tls: TlsOptions | boolean | undefined, option: string): TlsOptions | false | undefined {
  if (tls === undefined || tls === false) return tls
  if (tls === true) return Object.freeze({})
  if (!isRecord(tls)) {
    throw new InvalidInputError(`${option} must be true, false or an object of TLS options, got ${showValue(tls)}`)
  }
  refuseUnknown(tls, TLS_OPTIONS, option)
  // An undefined option is one that is not given: it must not take the place of the client's, or of the host's name.
  return Object.freeze(Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)))
}

function resolveServer(address: ServerAddress, shown: string): Server {
  const endpoint = Object.freeze(resolveEndpoint(address, shown))
  return Object.freeze(
    new CheckedServer({
      name: resolveName(address.name, endpoint, shown),
      endpoint,
      weight: resolveWeight(address.weight, shown),
      tls: parseTls(address.tls, `${shown}: tls`),
      auth: address.auth === undefined ? undefined : parseCredentials(address.auth, `${shown}: auth`),
      version: resolveVersion(address.version, shown),
    }),
  )
}

class CheckedServer implements Server {
  readonly name: string
  readonly endpoint: Endpoint
  readonly weight: number
  readonly version: string | undefined
  // Private, so that no inspection and no log shows a password or a private key.
  readonly #tls: TlsOptions | false | undefined
  readonly #auth: Credentials | undefined

  constructor(server: Server) {
    this.name = server.name
    this.endpoint = server.endpoint
    this.weight = server.weight
    this.version = server.version
    this.#tls = server.tls
    this.#auth = server.auth
  }

  get tls(): TlsOptions | false | undefined {
    return this.#tls
  }

  get auth(): Credentials | undefined {
    return this.#auth
  }
}

function resolveEndpoint({ host, port, path }: ServerAddress, shown: string): Endpoint {
  if (path !== undefined) {
    if (host !== undefined || port !== undefined) {
      throw new InvalidInputError(`${shown}: it has either a host (and port) or the path of a unix socket, not both`)
    }
    return { kind: 'unix', path: checkPath(path, shown) }
  }
  if (host === undefined) throw new InvalidInputError(`${shown}: it needs a host or the path of a unix socket`)
  return { kind: 'tcp', host: resolveHost(host, shown), port: resolvePort(port, shown) }
}

function checkPath(path: string, shown: string): string {
  if (isText(path) && !/[\s\p{Cc}]/u.test(path)) return path
  throw new InvalidInputError(
    `${shown}: path must be a text, not empty, without white space and control characters, got ${showValue(path)}`,
  )
}

function resolveHost(host: string, shown: string): string {
  if (typeof host === 'string') {
    const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
    if (isIpv6(bare) || (bare === host && isHostName(host))) return bare
  }
  throw new InvalidInputError(`${shown}: host must be a host name or an IP address, got ${showValue(host)}`)
}

/** A name of letters, digits, dots, hyphens and underscores, in any script. Digits alone are a port in the wrong place. */
function isHostName(host: string): boolean {
  return /^[\p{L}\p{M}\p{N}._-]+$/u.test(host) && !/^[0-9]+$/.test(host)
}

function resolvePort(port: number | undefined, shown: string): number {
  if (port === undefined) return DEFAULT_PORT
  if (Number.isInteger(port) && port >= 1 && port <= MAX_PORT) return port
  throw new InvalidInputError(`${shown}: port must be an integer from 1 to ${MAX_PORT}, got ${showValue(port)}`)
}

function resolveName(name: string | undefined, endpoint: Endpoint, shown: string): string {
  if (name === undefined) return endpointName(endpoint)
  if (isText(name) && !/\p{Cc}/u.test(name)) return name
  throw new InvalidInputError(
    `${shown}: name must be a text, not empty, without control characters, got ${showValue(name)}`,
  )
}

function endpointName(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case 'tcp': {
      const { host, port } = endpoint
      return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    }
    case 'unix':
      return endpoint.path
  }
}

function resolveWeight(weight: number | undefined, shown: string): number {
  if (weight === undefined) return 1
  if (Number.isSafeInteger(weight) && weight >= 1) return weight
  throw new InvalidInputError(`${shown}: weight must be a positive integer, got ${showValue(weight)}`)
}

function resolveVersion(version: string | undefined, shown: string): string | undefined {
  if (version === undefined || (typeof version === 'string' && /^\d+\.\d+\.\d+[!-~]*$/.test(version))) return version
  throw new InvalidInputError(`${shown}: version must be a text such as '1.6.21', got ${showValue(version)}`)
}

/** Text that has bytes: not empty, no lone surrogate. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed()
}
