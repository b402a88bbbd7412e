import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { startMemcached } from '../support/real-memcached.ts'
import { type Implementation, ORIGINAL, SHIM } from './support/classes.ts'
import { transcribe } from './support/probe.ts'

/**
 * What the original answers, a line for each call. A line that begins with `! ` follows the line of the original where the
 * shim answers something else, `# ` says why.
 */
const FILE = fileURLToPath(new URL('memcached.original.txt', import.meta.url))

interface Golden {
  readonly original: string[]
  readonly shim: string[]
}

function readGolden(): Golden {
  const original: string[] = []
  const shim: string[] = []
  for (const line of readFileSync(FILE, 'utf8').trimEnd().split('\n')) {
    if (line.startsWith('# ')) continue
    if (line.startsWith('! ')) shim.splice(-1, 1, line.slice(2))
    else {
      original.push(line)
      shim.push(line)
    }
  }
  return { original, shim }
}

async function transcriptOf(implementation: Implementation): Promise<string[]> {
  await using server = await startMemcached()
  return await transcribe(implementation, server.address)
}

describe('every call of memcached', () => {
  it('is answered by the original as the file says', async () => {
    const lines = await transcriptOf(ORIGINAL)
    if (process.env['MEMLANE_WRITE_TRANSCRIPT'] !== undefined) writeFileSync(FILE, `${lines.join('\n')}\n`)
    expect(lines).toEqual(readGolden().original)
  })

  it('is answered by the shim in the same way, but for the differences in the file', async () => {
    expect(await transcriptOf(SHIM)).toEqual(readGolden().shim)
  })
})
