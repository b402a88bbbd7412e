import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { TARGETS } from './targets.ts'
import { type Mask, replay } from './transcript.ts'

const FOLDER = new URL('transcripts/', import.meta.url)

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
