import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { startMemcached } from '../support/real-memcached.ts'
import { readGolden } from './support/golden.ts'
import { MEMJS_ORIGINAL, MEMJS_SHIM, type MemjsImplementation } from './support/memjs-classes.ts'
import { transcribeMemjs } from './support/memjs-probe.ts'

const FILE = fileURLToPath(new URL('memjs.original.txt', import.meta.url))

async function transcriptOf(implementation: MemjsImplementation): Promise<string[]> {
  await using server = await startMemcached()
  return await transcribeMemjs(implementation, server.address)
}

describe('every call of memjs', () => {
  it('is answered by the original as the file says', async () => {
    const lines = await transcriptOf(MEMJS_ORIGINAL)
    if (process.env['MEMLANE_WRITE_TRANSCRIPT'] !== undefined) writeFileSync(FILE, `${lines.join('\n')}\n`)
    expect(lines).toEqual(readGolden(FILE).original)
  })

  it('is answered by the shim in the same way, but for the differences in the file', async () => {
    const lines = await transcriptOf(MEMJS_SHIM)
    if (process.env['MEMLANE_WRITE_TRANSCRIPT'] !== undefined) writeFileSync(`${FILE}.shim`, `${lines.join('\n')}\n`)
    expect(lines).toEqual(readGolden(FILE).shim)
  })
})
