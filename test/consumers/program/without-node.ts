import { Memcache } from 'memlane'
import { chunks } from 'memlane/chunks'

const cache = new Memcache('localhost:11211', { chunks: chunks() })

export const read = (): Promise<number | undefined> => cache.get<number>('key')
