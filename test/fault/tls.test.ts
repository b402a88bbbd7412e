import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { ConnectError, MemcacheError } from '../../src/errors.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import type { KeyPair } from '../support/certificates.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'

function authority(): Buffer {
  return readFileSync(inject('certificates').authority)
}

function identity(pair: KeyPair): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(pair.certificate), key: readFileSync(pair.key) }
}

describe('TLS', () => {
  let secure: RealMemcached
  let plain: RealMemcached

  beforeAll(async () => {
    secure = await startMemcached({ transport: 'tls' })
    plain = await startMemcached()
  })
  afterAll(async () => {
    await secure.stop()
    await plain.stop()
  })

  it('works with a memcacheds:// address', async () => {
    const cache = faultClient(`memcacheds://localhost:${secure.port}`, { ...patient, tls: { ca: authority() } })
    expect(await cache.set('tls', 1)).toBe(true)
  })

  it('works with an IP address in the certificate', async () => {
    const cache = faultClient(`127.0.0.1:${secure.port}`, { ...patient, tls: { ca: authority() } })
    expect(await cache.set('tls', 1)).toBe(true)
  })

  it.each([100, 1000, 3000, 100_000])(
    'answers all of a batch of values of %i bytes, whatever records they fall into',
    async (size) => {
      // memcached 1.6.18 forgets what is left in a TLS record behind the end of a value, until more bytes arrive.
      const cache = faultClient(secure.address, { ...patient, timeoutMs: 3000, tls: { ca: authority() } })
      for (const count of size === 100_000 ? [1, 2, 3] : [20, 33, 47, 150]) {
        const entries = Array.from({ length: count }, (_, at) => [`tls${at}`, 'x'.repeat(size)] as const)
        const last = cache.setMany(entries)
        const behind = cache.set('behind', count)
        expect(await last).toEqual([])
        expect(await behind).toBe(true)
        expect((await cache.getMany(entries.map(([key]) => key))).size).toBe(count)
      }
    },
  )

  it('refuses a certificate of an unknown authority, and says so', async () => {
    const ca = readFileSync(inject('certificates').otherAuthority)
    const error = await rejection(faultClient(secure.address, { ...patient, tls: { ca } }).get('k'))
    expect(error).toBeInstanceOf(ConnectError)
    expect(`${error.message} ${String(error.cause)}`).toMatch(/certificate|verify/i)
  })

  it('refuses a certificate of another name, and says so', async () => {
    const tls = identity(inject('certificates').wrongName)
    const server = await MemcachedServer.start({ host: '127.0.0.1', port: 0, tls })
    const cache = faultClient(`localhost:${server.port}`, { ...patient, tls: { ca: authority() } })
    const error = await rejection(cache.get('k'))
    expect(error).toBeInstanceOf(ConnectError)
    expect(`${error.message} ${String(error.cause)}`).toContain('localhost')
    await server.close()
  })

  it('to a plain port: the error says that the port may not speak TLS', async () => {
    const options = { timeoutMs: 3000, connectTimeoutMs: 500, tls: { ca: authority() } }
    const error = (await rejection(faultClient(plain.address, options).get('k'))) as MemcacheError
    expect(error).toBeInstanceOf(MemcacheError)
    expect(error.message).toMatch(/TLS/)
    expect(error.message).not.toMatch(/openssl|\n/i)
    expect(error.delivery).toBe('not-sent')
  })

  it('to a plain port that answers: the error says why in one line, and keeps the cause', async () => {
    const server = await MemcachedServer.start()
    const cache = faultClient(server.address, { ...patient, tls: { ca: authority() } })
    const error = await rejection(cache.connect())
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toMatch(/does not answer in TLS; is that its plain port\? \([\w ]+\)$/)
    expect(error.cause).toBeInstanceOf(Error)
    await server.close()
  })

  it('plain text to a TLS port: the error says that the port may want TLS', async () => {
    const options = { timeoutMs: 3000, connectTimeoutMs: 500 }
    const error = (await rejection(faultClient(`127.0.0.1:${secure.port}`, options).get('k'))) as MemcacheError
    expect(error).toBeInstanceOf(MemcacheError)
    expect(error.message).toMatch(/TLS/)
    expect(error.delivery).toBe('not-sent')
  })

  it('shows a client certificate to a server that wants one', async () => {
    const { server: files, client } = inject('certificates')
    const tls = { ...identity(files), ca: authority(), requestCert: true, rejectUnauthorized: true }
    const server = await MemcachedServer.start({ host: '127.0.0.1', port: 0, tls })
    const address = `localhost:${server.port}`
    const known = faultClient(address, { ...patient, tls: { ca: authority(), ...identity(client) } })
    expect(await known.set('mutual', 1)).toBe(true)
    const unknown = faultClient(address, { ...patient, tls: { ca: authority() } })
    const error = await rejection(unknown.get('mutual'))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toMatch(/certificate required/)
    expect(error.message).not.toMatch(/openssl|\n/i)
    await server.close()
  })
})
