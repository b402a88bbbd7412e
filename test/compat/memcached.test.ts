import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { startMemcached } from '../support/real-memcached.ts'
import { type Implementation, ORIGINAL, SHIM } from './support/classes.ts'
import { readGolden } from './support/golden.ts'
import { transcribe } from './support/probe.ts'

const FILE = fileURLToPath(new URL('memcached.original.txt', import.meta.url))

async function transcriptOf(implementation: Implementation): Promise<string[]> {
  await using server = await startMemcached()
  return await transcribe(implementation, server.address)
}

describe('every call of memcached', () => {
  it('is answered by the original as the file says', async () => {
    const lines = await transcriptOf(ORIGINAL)
    if (process.env['MEMLANE_WRITE_TRANSCRIPT'] !== undefined) writeFileSync(FILE, `${lines.join('\n')}\n`)
    expect(lines).toEqual(readGolden(FILE).original)
  })

  it('is answered by the shim in the same way, but for the differences in the file', async () => {
    expect(await transcriptOf(SHIM)).toEqual(readGolden(FILE).shim)
  })
})
