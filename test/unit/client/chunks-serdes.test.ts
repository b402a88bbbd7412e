import { describe, expect, it, onTestFinished } from 'vitest'
import { chunks } from '../../../src/client/chunks/chunks.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { BatchError, SerdeError } from '../../../src/errors.ts'
import type { Serde } from '../../../src/exports/serde.ts'
import * as shipped from '../../../src/exports/serde.ts'
import { MANIFEST_FLAGS } from '../../../src/protocol/manifest.ts'
import { PLACEHOLDER_FLAGS } from '../../../src/protocol/placeholder.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { patient } from '../../support/memcache-options.ts'

const compression = {}
const packed = { pickle: 'readWrite', compression } as const

/** Every serde of `memlane/serde`: with its defaults, and with the options by which it writes most kinds of values. */
const serdes: Readonly<Record<keyof typeof shipped, readonly Serde[]>> = {
  dalli: [shipped.dalli(), shipped.dalli({ marshal: 'readWrite', compression })],
  defaultSerde: [shipped.defaultSerde],
  json: [shipped.json],
  memcacheClient: [shipped.memcacheClient()],
  memcachedNpm: [shipped.memcachedNpm()],
  memjs: [shipped.memjs()],
  metaMemcache: [shipped.metaMemcache()],
  phpMemcached: [shipped.phpMemcached(), shipped.phpMemcached({ serialize: 'readWrite', compression })],
  pylibmc: [shipped.pylibmc(), shipped.pylibmc(packed)],
  pymemcache: [shipped.pymemcache(), shipped.pymemcache({ pickle: 'readWrite' })],
  pythonMemcached: [shipped.pythonMemcached(), shipped.pythonMemcached(packed)],
  raw: [shipped.raw],
  spymemcached: [shipped.spymemcached(), shipped.spymemcached({ compression })],
  structuredClone: [shipped.structuredClone],
  xmemcached: [shipped.xmemcached(), shipped.xmemcached({ compression })],
}

const samples: readonly unknown[] = [
  'text',
  'long text '.repeat(500),
  Buffer.from([0, 255, 10]),
  Buffer.alloc(5000, 'x'),
  0,
  -7,
  2 ** 40,
  2n ** 62n,
  0.5,
  true,
  false,
  null,
  new Date(0),
  [1, 'a', null],
  { a: 1, b: 'é' },
]

/** Returns the stored forms of the samples that a serde stores. */
function formsOf(serde: Serde): { readonly data: string | Uint8Array; readonly clientFlags: number }[] {
  return samples.flatMap((sample) => {
    try {
      return [serde.serialize(sample, 'key')]
    } catch {
      return []
    }
  })
}

/** Returns what a read gives, or the kind of its failure: not all that a serde writes is read with its defaults. */
async function outcomeOf(read: Promise<unknown>): Promise<unknown> {
  const [outcome] = await Promise.allSettled([read])
  if (outcome.status === 'fulfilled') return { value: outcome.value ?? null }
  const { reason } = outcome as { reason: unknown }
  const failure = reason instanceof BatchError ? reason.cause : reason
  return failure instanceof SerdeError ? 'SerdeError' : failure
}

const cases = Object.entries(serdes).flatMap(([name, variants]) => variants.map((serde) => [name, serde] as const))

describe('the client flags of shipped serdes', () => {
  it.each(cases)('are never those of a manifest or a placeholder (%s)', (_name, serde) => {
    const forms = formsOf(serde)
    expect(forms.length).toBeGreaterThan(0)
    for (const { clientFlags } of forms) {
      expect([MANIFEST_FLAGS, PLACEHOLDER_FLAGS]).not.toContain(clientFlags)
      // One comparison tells both from values.
      expect(clientFlags & ~3).not.toBe(PLACEHOLDER_FLAGS & ~3)
    }
  })

  it.each(cases)('are read the same with the option chunks and without it (%s)', async (_name, serde) => {
    const server = await MemcachedServer.start()
    const plain = new Memcache(server.address, { ...patient, serde })
    const large = new Memcache(server.address, { ...patient, serde, chunks: chunks() })
    const writer = new Memcache(server.address, { ...patient, serde: shipped.raw })
    onTestFinished(async () => {
      for (const cache of [plain, large, writer]) cache.destroy()
      await server.close()
    })
    for (const [at, { data, clientFlags }] of formsOf(serde).entries()) {
      const key = `key:${at}`
      await writer.set(key, typeof data === 'string' ? Buffer.from(data) : data, { clientFlags })
      const expected = await outcomeOf(plain.get(key))
      expect(await outcomeOf(large.get(key))).toEqual(expected)
      expect(await outcomeOf(large.getMany([key]).then((found) => found.get(key)))).toEqual(expected)
    }
  })
})
