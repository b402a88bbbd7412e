import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { PeerCertificate, TLSSocket, ConnectionOptions as TlsConnectOptions } from 'node:tls'
import { describe, expectTypeOf, it } from 'vitest'
import type {
  ByteStream,
  ConnectionOptions,
  DialedStream,
  Dialer,
  ServerAddress,
  TlsCertificate,
  TlsOptions,
} from '../../src/exports/index.ts'

describe('the types of a dialer', () => {
  it('take every stream of Node', () => {
    expectTypeOf<Duplex>().toExtend<ByteStream>()
    expectTypeOf<Socket>().toExtend<ByteStream>()
    expectTypeOf<TLSSocket>().toExtend<ByteStream>()
    expectTypeOf<(server: ServerAddress) => Promise<Duplex>>().toExtend<Dialer>()
    expectTypeOf<() => Promise<Socket>>().toExtend<Dialer>()
    expectTypeOf<() => Promise<TLSSocket>>().toExtend<Dialer>()
    expectTypeOf<Dialer>().toExtend<NonNullable<ConnectionOptions['connect']>>()
  })

  it('take a stream together with what it does not tell', () => {
    expectTypeOf<() => Promise<{ stream: Duplex }>>().toExtend<Dialer>()
    expectTypeOf<
      () => Promise<{ stream: Socket; secure: boolean; ref: () => void; unref: () => void }>
    >().toExtend<Dialer>()
    expectTypeOf<() => Promise<Duplex | DialedStream>>().toExtend<Dialer>()
  })

  it('refuse what is no stream, and what a stream would tell wrongly', () => {
    expectTypeOf<() => Promise<NodeJS.WritableStream>>().not.toExtend<Dialer>()
    expectTypeOf<() => Promise<{ stream: NodeJS.ReadableStream }>>().not.toExtend<Dialer>()
    expectTypeOf<() => Promise<{ stream: Duplex; secure: string }>>().not.toExtend<Dialer>()
    expectTypeOf<() => Duplex>().not.toExtend<Dialer>()
  })
})

describe('the types of TLS options', () => {
  it('take every option of node:tls that the client has', () => {
    expectTypeOf<Pick<TlsConnectOptions, keyof TlsOptions & keyof TlsConnectOptions>>().toExtend<TlsOptions>()
    expectTypeOf<keyof TlsOptions>().toExtend<keyof TlsConnectOptions>()
    expectTypeOf<PeerCertificate>().toExtend<TlsCertificate>()
  })

  it('take a check that is written for the certificates of node:tls, and bytes that are no Buffer', () => {
    expectTypeOf<{
      checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined
    }>().toExtend<TlsOptions>()
    expectTypeOf<{ ca: readonly Uint8Array[]; key: { pem: string; passphrase: string }[] }>().toExtend<TlsOptions>()
  })

  it('refuse what node:tls would refuse', () => {
    expectTypeOf<{ ca: number }>().not.toExtend<TlsOptions>()
    expectTypeOf<{ minVersion: 'SSLv3' }>().not.toExtend<TlsOptions>()
    expectTypeOf<{ servername: Uint8Array }>().not.toExtend<TlsOptions>()
  })

  it('say what a dialer is given', () => {
    expectTypeOf<Parameters<Dialer>[1]['tls']>().toEqualTypeOf<TlsOptions | undefined>()
  })
})
