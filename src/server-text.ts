import { InvalidInputError } from './errors.ts'
import { showValue } from './show-value.ts'

/** Parts of a server written as text; not yet checked where the spelled-out form needs the same check. */
export interface ServerText {
  readonly address: {
    readonly host?: string
    readonly port?: number
    readonly path?: string
    readonly name?: string
    readonly weight?: number
    readonly tls?: boolean
    readonly auth?: { readonly username: string; readonly password: string; readonly form?: LoginForm }
    readonly version?: string
  }
  /** The text for an error message: quoted, short, without login and query. */
  readonly shown: string
}

/** Form in which a login is sent: memcached's own, or MemCachier's. */
export type LoginForm = 'memcached' | 'memcachier'

type Address = ServerText['address']

/** Reads a server from its text form. Faults in the text are an `InvalidInputError` that never shows a login. */
export function parseServerText(text: string): ServerText {
  const shown = showServer(text)
  const fail: Fail = (problem) => {
    throw new InvalidInputError(`server ${shown}: ${problem}`)
  }
  if (text === '') fail('it must not be empty')
  if (/[\s\p{Cc}]/u.test(text)) fail('it must not contain white space or control characters')
  return { address: parseForm(text, fail), shown }
}

type Fail = (problem: string) => never

function parseForm(text: string, fail: Fail): Address {
  if (text.startsWith('/')) return { path: text }
  if (text.startsWith('unix:')) return { path: parseUnixPath(text.slice('unix:'.length), fail) }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]
  if (scheme === undefined) return parsePlain(text, fail)
  const rest = text.slice(scheme.length + '://'.length)
  switch (scheme.toLowerCase()) {
    case 'memcached':
      return parseUrl(rest, fail)
    case 'memcacheds':
      return { ...parseUrl(rest, fail), tls: true }
    default:
      return fail(`unknown scheme ${showValue(scheme)}; it is memcached:// or memcacheds:// (TLS)`)
  }
}

function parseUnixPath(path: string, fail: Fail): string {
  // `unix:///run/mc.sock`, with an empty authority, is the same path.
  const bare = path.startsWith('///') ? path.slice(2) : path
  if (bare.startsWith('//')) fail("a unix socket is 'unix:/path/to/socket'")
  // Without this, 'unix:11211' could be meant as a host and a port.
  if (!/[/\\]/.test(bare)) fail("a unix socket is 'unix:/path/to/socket' or 'unix:./socket'")
  return bare
}

function parsePlain(text: string, fail: Fail): Address {
  if (text.includes('@')) fail("a login needs the form 'memcached://user:password@host'")
  if (text.includes(',')) fail('it is one server; give several as a list')
  if (text.includes('/')) fail("it is 'host:port'; a unix socket is '/path/to/socket' or 'unix:./socket'")
  if (/^[0-9]+$/.test(text)) fail('it is a port without a host')
  return parseHostPort(text, (port) => fail(badPort(port)), fail)
}

/** The part of a URL after `://`. */
function parseUrl(rest: string, fail: Fail): Address {
  const [, authority = '', path = '', query = '', fragment = ''] =
    /^([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/.exec(rest) ?? []
  if ((path + query + fragment).includes('@')) {
    fail("'/', '?', '#' and '@' in a user name or password are percent-encoded ('@' is '%40')")
  }
  if (fragment !== '') fail("it has a '#', which means nothing here")
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  const { form, ...parameters } = parseQuery(query.slice(1), fail)
  const login = at === -1 ? undefined : parseLogin(authority.slice(0, at), fail)
  if (form !== undefined && login === undefined) fail("its parameter auth needs a login, 'user:password@'")
  return {
    ...(host === '' && path.length > 1 ? { path: parseUrlPath(path, fail) } : parseUrlHost(host, path, fail)),
    ...(login === undefined ? {} : { auth: form === undefined ? login : { ...login, form } }),
    ...parameters,
  }
}

/** `memcached:///run/mc.sock` has no host: its path is that of a unix socket. */
function parseUrlPath(path: string, fail: Fail): string {
  return decodePercent(path, () => fail('its path is not percent-encoded correctly'))
}

function parseUrlHost(host: string, path: string, fail: Fail): Address {
  if (path !== '' && path !== '/') {
    fail("it has a host and a path; the path of a unix socket stands alone: 'memcached:///path/to/socket'")
  }
  // The port is not shown: in 'memcached://user:password', host forgotten, it is the password.
  return parseHostPort(host, () => fail('its port must be an integer from 1 to 65535'), fail)
}

function parseHostPort(text: string, failPort: Fail, fail: Fail): Address {
  if (text === '') fail('it has no host')
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text)
  if (bracketed === null && text.split(':').length > 2) {
    fail("an IPv6 address is written in brackets: '[::1]' or '[::1]:11211'")
  }
  const [, host = '', port] = bracketed ?? /^([^:]*)(?::(.*))?$/.exec(text) ?? []
  if (host === '') fail('it has no host')
  const address = { host: bracketed === null ? host : `[${host}]` }
  return port === undefined ? address : { ...address, port: parsePort(port, failPort) }
}

function parsePort(port: string, failPort: Fail): number {
  const number = Number(port)
  return /^[0-9]{1,5}$/.test(port) && number >= 1 && number <= 65_535 ? number : failPort(port)
}

function badPort(port: string): string {
  return `port must be an integer from 1 to 65535, got ${showValue(port)}`
}

function parseLogin(login: string, fail: Fail): { username: string; password: string } {
  const colon = login.indexOf(':')
  if (colon === -1) fail('its login has no password')
  const failLogin: Fail = () => fail('its login is not percent-encoded correctly')
  return {
    username: decodePercent(login.slice(0, colon), failLogin),
    password: decodePercent(login.slice(colon + 1), failLogin),
  }
}

/** Parameters of a URL; `form` is that of the login. */
type Parameters = Pick<Address, 'name' | 'weight' | 'version'> & { readonly form?: LoginForm }

function parseQuery(query: string, fail: Fail): Parameters {
  const parameters: { name?: string; weight?: number; version?: string; form?: LoginForm } = {}
  for (const part of query === '' ? [] : query.split('&')) {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/.exec(part) ?? []
    if (Object.hasOwn(parameters, name === 'auth' ? 'form' : name))
      fail(`its parameter ${showValue(name)} is given twice`)
    switch (name) {
      case 'name':
      case 'version':
        parameters[name] = decodePercent(value, () => fail(`its ${name} is not percent-encoded correctly`))
        break
      case 'weight':
        parameters.weight = /^[0-9]+$/.test(value) ? Number(value) : fail(badWeight(value))
        break
      case 'auth':
        parameters.form = isLoginForm(value) ? value : fail("its parameter auth must be 'memcached' or 'memcachier'")
        break
      default:
        fail(`unknown parameter ${showValue(name)}; it has name, weight, version, auth`)
    }
  }
  return parameters
}

/** Whether there is such a login. */
export function isLoginForm(value: unknown): value is LoginForm {
  return value === 'memcached' || value === 'memcachier'
}

function badWeight(weight: string): string {
  return `weight must be a positive integer, got ${showValue(weight)}`
}

function decodePercent(text: string, fail: Fail): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return fail(text)
  }
}

/**
 * A server for an error message: without what may be a login (whatever stands before the last `@`, and what stands in
 * the place of the port of a URL) and without the query.
 */
function showServer(text: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? ''
  const rest = text.slice(scheme.length)
  const at = rest.lastIndexOf('@')
  const address = rest.slice(at + 1).replace(/\?.*$/su, '?…')
  const safe = scheme === '' || at !== -1 ? address : address.replace(/:(?![0-9]{1,5}(?:[/?#]|$))[^\]]*$/u, ':…')
  return showValue(`${scheme}${at === -1 ? '' : '…@'}${safe}`)
}
