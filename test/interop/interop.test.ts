import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'
import { deviations } from './deviations.ts'
import { clients, requireClient } from './foreign-client.ts'
import { exchange, type PairOutcomes } from './outcomes.ts'
import { writePage } from './page.ts'
import { type Pair, pairs } from './pairs.ts'
import { samples } from './portable.ts'

const results = new Map<Pair, PairOutcomes>()
let server: RealMemcached

beforeAll(async () => {
  for (const client of Object.values(clients)) await requireClient(client)
  server = await startMemcached()
})

afterAll(async () => {
  await server.stop()
  if (results.size === pairs.length) writePage(results)
})

it('a missing client fails with the line that installs it', async () => {
  const missing = { name: 'nobody', command: [], check: ['/nowhere/nobody'], install: 'apt-get install -y nobody' }
  await expect(requireClient(missing)).rejects.toThrow('nobody is missing: apt-get install -y nobody')
})

describe.each(pairs)('$title', (pair) => {
  it.each(['meta', 'text'] as const)(
    'every value is the same in both directions but for the known ones (%s)',
    async (protocol) => {
      const found = await exchange(pair, server.port, protocol, samples)
      if (protocol === 'meta') results.set(pair, found)
      const differing = found.outcomes
        .filter(({ theyRead, weRead }) => theyRead !== 'same' || weRead !== 'same')
        .map(({ sample, theyRead, weRead }) => [sample, theyRead, weRead])
      expect(differing).toEqual(deviations[pair.title] ?? [])
    },
  )
})
