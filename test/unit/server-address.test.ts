import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import {
  type Credentials,
  parseCredentials,
  parseServerSpec,
  parseTls,
  type ServerSpec,
} from '../../src/server-address.ts'
import type { TlsOptions } from '../../src/tls-options.ts'

function refusal(spec: unknown): string {
  try {
    parseServerSpec(spec as ServerSpec)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError)
    return (error as InvalidInputError).message
  }
  throw new Error('it was accepted')
}

describe('parseServerSpec', () => {
  it.each([
    ['localhost', 'localhost', 11211, 'localhost:11211'],
    ['cache-1.example.com:11212', 'cache-1.example.com', 11212, 'cache-1.example.com:11212'],
    ['10.0.0.1:1', '10.0.0.1', 1, '10.0.0.1:1'],
    ['memcached_1:65535', 'memcached_1', 65535, 'memcached_1:65535'],
    ['bücher.example', 'bücher.example', 11211, 'bücher.example:11211'],
    ['[::1]', '::1', 11211, '[::1]:11211'],
    ['[::1]:11212', '::1', 11212, '[::1]:11212'],
    ['[fe80::1%eth0]:11212', 'fe80::1%eth0', 11212, '[fe80::1%eth0]:11212'],
    ['[::ffff:10.0.0.1]', '::ffff:10.0.0.1', 11211, '[::ffff:10.0.0.1]:11211'],
    ['memcached://cache', 'cache', 11211, 'cache:11211'],
    ['memcached://cache:11212/', 'cache', 11212, 'cache:11212'],
    ['MEMCACHED://[::1]:11212', '::1', 11212, '[::1]:11212'],
  ])('reads %s as a host and a port', (spec, host, port, name) => {
    const server = parseServerSpec(spec)
    expect(server).toMatchObject({ name, endpoint: { kind: 'tcp', host, port }, weight: 1 })
    expect([server.tls, server.auth, server.version]).toEqual([undefined, undefined, undefined])
  })

  it.each([
    ['/run/mc.sock', '/run/mc.sock'],
    ['unix:/run/mc.sock', '/run/mc.sock'],
    ['unix:///run/mc.sock', '/run/mc.sock'],
    ['unix:./mc.sock', './mc.sock'],
    ['memcached:///run/mc.sock', '/run/mc.sock'],
    ['memcached:///run/mc%40a.sock', '/run/mc@a.sock'],
  ])('reads %s as a unix socket', (spec, path) => {
    expect(parseServerSpec(spec)).toMatchObject({ name: path, endpoint: { kind: 'unix', path } })
  })

  it('reads login, weight, name and version from a URL', () => {
    const server = parseServerSpec('memcached://ann:p%40ss%3A%2F%20w@cache:11212?weight=2&name=a%20b&version=1.6.9')
    expect(server).toMatchObject({ name: 'a b', endpoint: { host: 'cache', port: 11212 }, weight: 2, version: '1.6.9' })
    expect(server.auth).toEqual({ username: 'ann', password: 'p@ss:/ w' })
  })

  it('reads weight, name and login of a unix socket from a URL', () => {
    const server = parseServerSpec('memcached://ann:secret@/run/mc.sock?weight=3&name=a')
    expect(server).toMatchObject({ name: 'a', endpoint: { kind: 'unix', path: '/run/mc.sock' }, weight: 3 })
    expect(server.auth).toEqual({ username: 'ann', password: 'secret' })
    expect(server.tls).toBeUndefined()
    expect(parseServerSpec('memcacheds:///run/mc.sock').tls).toEqual({})
  })

  it('reads the form of a login from a URL', () => {
    const server = parseServerSpec('memcacheds://ann:secret@cache?auth=memcachier&weight=2')
    expect(server.auth).toEqual({ username: 'ann', password: 'secret', form: 'memcachier' })
    expect(server.weight).toBe(2)
    expect(parseServerSpec('memcached://ann:secret@cache?auth=memcached').auth).toEqual({
      username: 'ann',
      password: 'secret',
      form: 'memcached',
    })
  })

  it('takes everything behind the first colon of a login, up to the last @, for the password', () => {
    expect(parseServerSpec('memcached://ann:a:b@c@cache').auth).toEqual({ username: 'ann', password: 'a:b@c' })
  })

  it('gives back any login that was percent-encoded', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((string) => !/[\r\n\0]/.test(string))
    fc.assert(
      fc.property(text, text, (name, password) => {
        const username = name.replaceAll(' ', '_')
        const spec = `memcached://${encodeURIComponent(username)}:${encodeURIComponent(password)}@cache`
        expect(parseServerSpec(spec).auth).toEqual({ username, password })
      }),
    )
  })

  it('takes memcacheds:// for TLS, other forms leave it to the client, and false is kept apart', () => {
    expect(parseServerSpec('memcacheds://cache').tls).toEqual({})
    expect(parseServerSpec({ host: 'cache', tls: true }).tls).toEqual({})
    expect(parseServerSpec({ host: 'cache', tls: false }).tls).toBe(false)
    // It would take the place of the client's.
    expect(parseServerSpec({ host: 'cache', tls: { ca: undefined, cert: 'c' } }).tls).toEqual({ cert: 'c' })
    expect(parseServerSpec({ host: 'cache' }).tls).toBeUndefined()
  })

  it('reads a server that is spelled out', () => {
    const server = parseServerSpec({
      host: '::1',
      port: 11212,
      name: 'a',
      weight: 3,
      tls: { servername: 'cache', rejectUnauthorized: false },
      auth: { username: 'ann', password: 'secret word' },
      version: '1.6.21',
    })
    expect(server).toMatchObject({ name: 'a', endpoint: { kind: 'tcp', host: '::1', port: 11212 }, weight: 3 })
    expect(server.tls).toEqual({ servername: 'cache', rejectUnauthorized: false })
    expect(server.auth).toEqual({ username: 'ann', password: 'secret word' })
    expect(server.version).toBe('1.6.21')
    expect(parseServerSpec({ host: '[::1]' }).name).toBe('[::1]:11211')
    expect(parseServerSpec({ path: '/run/mc.sock' }).name).toBe('/run/mc.sock')
    expect(parseServerSpec({ host: 'cache', port: undefined, path: undefined }).name).toBe('cache:11211')
  })

  it('gives a frozen server that the options no longer reach', () => {
    const tls = { servername: 'before' }
    const auth = { username: 'ann', password: 'before' }
    const server = parseServerSpec({ host: 'cache', tls, auth })
    tls.servername = 'after'
    auth.password = 'after'
    expect(server.tls).toEqual({ servername: 'before' })
    expect(server.auth).toEqual({ username: 'ann', password: 'before' })
    for (const part of [server, server.endpoint, server.tls, server.auth]) expect(Object.isFrozen(part)).toBe(true)
  })

  it('shows no login, password or private key of a server that is inspected', () => {
    const server = parseServerSpec({
      host: 'cache',
      tls: { passphrase: 'hush-key' },
      auth: { username: 'hush-user', password: 'hush-password' },
    })
    const views = [inspect(server), inspect(server, { showHidden: true, depth: 9 }), JSON.stringify(server)]
    for (const view of [...views, JSON.stringify(Object.entries(server))]) {
      expect(view).not.toContain('hush')
      expect(view).toContain('cache:11211')
    }
  })

  it.each([
    ['', /empty/],
    [' localhost', /white space/],
    ['local host', /white space/],
    ['localhost\n', /white space/],
    ['localhost\r\nflush_all', /white space/],
    ['local\0host', /control/],
    ['/run/mc\0.sock', /control/],
    ['/run/mc .sock', /white space/],
    ['::1', /brackets/],
    ['::1:11211', /brackets/],
    ['fe80::1', /brackets/],
    ['memcached://::1', /brackets/],
    ['[::1', /brackets/],
    ['[localhost]', /host must be .* got "\[localhost\]"/],
    ['[::g]', /host must be/],
    ['[::1]11211', /brackets/],
    ['[]', /no host/],
    [':11211', /no host/],
    ['localhost:', /port must be .* got ""/],
    ['localhost:0', /got "0"/],
    ['localhost:65536', /got "65536"/],
    ['localhost:-1', /got "-1"/],
    ['localhost:1.5', /got "1.5"/],
    ['localhost:1e3', /got "1e3"/],
    ['localhost:011211', /got "011211"/],
    ['localhost:abc', /got "abc"/],
    ['11211', /port without a host/],
    ['a:11211,b:11211', /list/],
    ['localhost/x', /unix socket/],
    ['run/mc.sock', /unix socket/],
    ['unix:', /unix socket/],
    ['unix:11211', /unix socket/],
    ['unix://run/mc.sock', /unix socket/],
    ['ann:pw@localhost', /memcached:\/\/user:password@host/],
    ['redis://localhost', /unknown scheme "redis"/],
    ['memcached+unix:///run/mc.sock', /unknown scheme "memcached\+unix"/],
    ['memcached://', /no host/],
    ['memcached:///', /no host/],
    ['memcached:///run/%zz', /path is not percent-encoded/],
    ['memcached:///run/a%20b.sock', /path must be .* without white space/],
    ['memcached://cache/run/mc.sock', /stands alone: 'memcached:\/\/\/path\/to\/socket'/],
    ['memcached://cache:1/run/mc.sock', /path/],
    ['memcached://cache/0', /path/],
    ['memcached://cache#a', /#/],
    ['memcached://cache?weigth=2', /unknown parameter "weigth"; it has name, weight, version/],
    ['memcached://cache?auth=memcachier', /auth needs a login/],
    ['memcached://ann:pw@cache?auth=sasl', /auth must be 'memcached' or 'memcachier'/],
    ['memcached://ann:pw@cache?auth=memcached&auth=memcachier', /twice/],
    ['memcached://cache?', null],
    ['memcached://cache?weight=0', /weight must be a positive integer, got 0/],
    ['memcached://cache?weight=1.5', /weight must be a positive integer, got "1.5"/],
    ['memcached://cache?weight=', /weight must be a positive integer, got ""/],
    ['memcached://cache?weight=1&weight=2', /twice/],
    ['memcached://cache?name=', /name must be a text/],
    ['memcached://cache?name=%0a', /name must be a text/],
    ['memcached://cache?name=%zz', /percent/],
    ['memcached://cache?version=new', /version must be .* got "new"/],
    ['memcached://ann@cache', /no password/],
    ['memcached://@cache', /no password/],
    ['memcached://:pw@cache', /username/],
    ['memcached://ann:@cache', /password/],
    ['memcached://a%20b:pw@cache', /username .* without spaces/],
    ['memcached://ann:%zz@cache', /percent/],
    ['memcached://ann:p%0d%0aw@cache', /password .* without CR, LF or NUL/],
  ])('says what is wrong with %j', (spec, message) => {
    if (message === null) expect(parseServerSpec(spec).name).toBe('cache:11211')
    else expect(refusal(spec)).toMatch(message)
  })

  it.each([
    [11211, /a server must be .* got 11211/],
    [null, /got null/],
    [undefined, /got undefined/],
    [true, /got true/],
    [['localhost', 11211], /got an Array/],
    [{}, /needs a host or the path/],
    [{ port: 11211 }, /needs a host or the path/],
    [{ host: undefined, port: 11211 }, /needs a host or the path/],
    [{ host: 'a', path: '/b' }, /not both/],
    [{ path: '/b', port: 1 }, /not both/],
    [{ host: '' }, /host must be .* got ""/],
    [{ host: 7 }, /host must be .* got 7/],
    [{ host: null }, /host must be .* got null/],
    [{ host: 'a:11211' }, /host must be .* got "a:11211"/],
    [{ host: 'a b' }, /host must be .* got "a b"/],
    [{ host: '1234' }, /host must be .* got "1234"/],
    [{ host: 'fe80::1%' }, /host must be/],
    [{ host: 'fe80::1%a%b' }, /host must be/],
    [{ path: '' }, /path must be .* got ""/],
    [{ path: '/a\0b' }, /path must be/],
    [{ path: 7 }, /path must be .* got 7/],
    [{ host: 'a', port: '11211' }, /port must be .* got "11211"/],
    [{ host: 'a', port: 1.5 }, /port must be .* got 1.5/],
    [{ host: 'a', port: 0 }, /port must be .* got 0/],
    [{ host: 'a', port: 65_536 }, /port must be .* got 65536/],
    [{ host: 'a', port: Number.NaN }, /port must be .* got NaN/],
    [{ host: 'a', weight: 0 }, /weight must be .* got 0/],
    [{ host: 'a', weight: -1 }, /weight must be .* got -1/],
    [{ host: 'a', weight: 0.5 }, /weight must be .* got 0.5/],
    [{ host: 'a', weight: '2' }, /weight must be .* got "2"/],
    [{ host: 'a', weight: Number.POSITIVE_INFINITY }, /weight must be .* got Infinity/],
    [{ host: 'a', name: '' }, /name must be .* got ""/],
    [{ host: 'a', name: 7 }, /name must be .* got 7/],
    [{ host: 'a', name: 'a\nb' }, /name must be/],
    [{ host: 'a', version: 1.6 }, /version must be .* got 1.6/],
    [{ host: 'a', tls: 'yes' }, /tls must be .* got "yes"/],
    [{ host: 'a', tls: null }, /tls must be .* got null/],
    [{ host: 'a', tls: { rejectUnauthorised: false } }, /tls has no option "rejectUnauthorised"/],
    [{ host: 'a', auth: { username: 'ann' } }, /auth\.password must be/],
    [{ host: 'a', hostname: 'b' }, /server has no option "hostname"/],
  ])('says what is wrong with %j', (spec, message) => {
    expect(refusal(spec)).toMatch(message)
  })

  it.each([
    'hush:hush@cache:11211',
    'memcached://hush:hush@',
    'memcached://hush:hush@cache:0',
    'memcached://hush:hush@cache:abc',
    'memcached://hush:hush@cache/path',
    'memcached://hush:hu/hush@cache',
    'memcached://hush:hu?hush@cache',
    'memcached://hush:1?name=hush@cache',
    'memcached://hush:1#hush@cache',
    'memcached://hush:hush @cache',
    'memcached://hush:hush\n@cache',
    'memcached://hush:%zzhush@cache',
    'memcached://hush%20hush:hush@cache',
    'memcached://hush:hush%0a@cache',
    'memcached://hush:hush@cache?weight=0',
    'memcached://user:hush',
    'memcached://user:hush:hush',
    'memcached://cache?password=hush',
    'redis://hush:hush@cache',
    'memcached://hush@cache',
  ])('shows nothing of the login in %j', (spec) => {
    expect(refusal(spec)).not.toContain('hush')
  })

  it('quotes what it refused, shortened', () => {
    expect(refusal('memcached://hush:hush@cache:0')).toContain('server "memcached://…@cache:0"')
    expect(refusal(`${'h'.repeat(500)}:x`).length).toBeLessThan(200)
  })

  it('refuses whatever else it is given with an InvalidInputError and nothing worse', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.anything()), (spec) => {
        try {
          parseServerSpec(spec as ServerSpec)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInputError)
        }
      }),
    )
  })
})

describe('parseCredentials', () => {
  it.each([
    'hush',
    null,
    ['hush', 'hush'],
    { username: 'hush' },
    { username: '', password: 'hush' },
    { username: 'hush hush', password: 'hush' },
    { username: 'hush', password: '' },
    { username: 'hush', password: 7 },
    { username: 'hush', password: 'hush\r\n' },
    { username: 'hush\ud800', password: 'hush' },
    { username: 'ann', password: 'hush', realm: 'hush' },
    { username: 'ann', password: 'hush', form: 'hush' },
    { username: 'hush'.repeat(63), password: 'hush', form: 'memcachier' },
    { username: 'hush\thush', password: 'hush', form: 'memcachier' },
  ])('refuses %j, names the option and shows no part of it', (auth) => {
    const check = () => parseCredentials(auth as Credentials, 'auth')
    expect(check).toThrow(InvalidInputError)
    expect(check).toThrow(/^auth/)
    expect(check).not.toThrow(/hush/)
  })
})

describe('parseTls', () => {
  it('takes true for the defaults and keeps false and undefined', () => {
    expect([parseTls(true, 'tls'), parseTls(false, 'tls'), parseTls(undefined, 'tls')]).toEqual([{}, false, undefined])
  })

  it('refuses options that node:tls would overlook, and those that are the address', () => {
    expect(() => parseTls({ host: 'other' } as TlsOptions, 'tls')).toThrow(/^tls has no option "host"/)
  })
})
