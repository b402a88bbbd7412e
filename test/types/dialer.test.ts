import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { describe, expectTypeOf, it } from 'vitest'
import type { ByteStream, ConnectionOptions, DialedStream, Dialer, ServerAddress } from '../../src/exports/index.ts'

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
