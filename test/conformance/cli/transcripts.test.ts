import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { startMemcached } from '../../support/real-memcached.ts'
import { type Mask, replay } from './transcript.ts'

const FOLDER = new URL('transcripts/', import.meta.url)

/** A server that transcripts are replayed on. */
interface Target {
  readonly name: string
  readonly start: () => Promise<{ readonly address: string; readonly stop: () => Promise<unknown> }>
}

const TARGETS: readonly Target[] = [
  {
    name: 'the embedded server',
    start: async () => {
      const server = await MemcachedServer.start()
      return { address: server.address, stop: () => server.close() }
    },
  },
  { name: 'memcached 1.6.18', start: () => startMemcached() },
  { name: 'memcached 1.6.38', start: () => startMemcached({ version: '1.6.38' }) },
  { name: 'memcached 1.6.45', start: () => startMemcached({ version: '1.6.45' }) },
]

/** Numbers that differ between servers, or from run to run. */
function maskFor(address: string): Mask {
  return (text) =>
    text
      .replaceAll(address, 'SERVER')
      .replaceAll(/\b1\.6\.(?:18|38|45)\b/g, 'VERSION')
      .replaceAll(/\d+\.\d+ ms|(?<="ms":)[\d.]+/g, 'TIME')
      .replaceAll(/(?<="(?:cas|idle|bytes|idleP50|ttlP50)":"?)\d+|(?<="size":)\d+(?=,"fetched")/g, 'N')
      .replaceAll(/(?<= |")t\d+\b/g, 'tTTL')
      // Listings have no client flags before memcached 1.6.24, and other sizes.
      .replaceAll(/(?<="fetched":\w+),"flags":\d+/g, '')
      .replaceAll(/^ +\d+B +(\w+) +\w+ +(?:\d+|-)(?= {2})/gm, 'SIZE $1 IDLE FLAGS')
      .replaceAll(/^\d+\t/gm, 'CAS\t')
}

describe.each(TARGETS)('on $name', ({ start }) => {
  it.each(readdirSync(FOLDER))('%s', async (file) => {
    const server = await start()
    try {
      const { said, golden } = await replay(new URL(file, FOLDER), server.address, maskFor(server.address))
      expect(said).toBe(golden)
    } finally {
      await server.stop()
    }
  })
})
