import { type DialContext, type Dialer, Memcache, type TlsOptions } from 'memlane'
import { chunks } from 'memlane/chunks'
import { cloudflareDialer } from 'memlane/cloudflare'

const cache = new Memcache('localhost:11211', { chunks: chunks(), connect: cloudflareDialer })

export const read = (): Promise<number | undefined> => cache.get<number>('key')

export const tls: TlsOptions = { ca: new Uint8Array(1), servername: 'cache.example' }

// @ts-expect-error: the types of TLS options are the package's own, not `any`.
export const wrongTls: TlsOptions = { ca: 1 }

export const dialer = (dial: Dialer, context: DialContext): ReturnType<Dialer> => dial({ host: 'cache' }, context)

// @ts-expect-error: nor is that of a dialer.
export const wrongDialer: Dialer = () => 1
