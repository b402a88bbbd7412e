import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireClient } from './foreign-client.ts'
import { routingClients } from './routing-client.ts'
import { bothOrders, type PairExchange } from './routing-exchange.ts'
import { KEY_COUNT } from './routing-keys.ts'
import { writeKeysPart } from './routing-page.ts'
import { type RoutingPair, titleOf } from './routing-pair.ts'
import { routingPairs } from './routing-pairs.ts'
import { type RoutingServer, startServers, stopServers } from './routing-servers.ts'

const results = new Map<RoutingPair, PairExchange>()

beforeAll(async () => {
  for (const client of Object.values(routingClients)) await requireClient(client)
})

afterAll(() => {
  if (results.size === routingPairs.length) writeKeysPart(results)
})

describe.each(routingPairs.map((pair) => [titleOf(pair), pair] as const))('%s', (_title, pair) => {
  let servers: RoutingServer[] = []
  let result: PairExchange

  beforeAll(async () => {
    servers = await startServers(pair.places)
    result = await bothOrders(pair, servers)
    results.set(pair, result)
  })

  afterAll(() => stopServers(servers))

  describe.each(['asItIs', 'turnedRound'] as const)('with the list %s', (order) => {
    it(`each side finds ${KEY_COUNT} keys of the other`, () => {
      expectNone(result[order], 'notStored', 'theyMissed', 'weMissed')
    })

    it('each key is on the server that serverFor names, and on no other', () => {
      const { holders, expected } = result[order]
      expect(holders).toHaveLength(2 * KEY_COUNT)
      expect(holders.join(' ')).toBe(expected.join(' '))
      // All of them take part.
      expect(new Set(holders.flat()).size).toBe(servers.length)
    })

    it('the keys stay where they are when the connections are made anew', () => {
      expectNone(result[order], 'missedAfterReconnect', 'movedByReconnect')
    })
  })

  if (pair.goesByOrder) {
    it('in another order of the list keys are elsewhere, for both alike', () => {
      expect(result.movedByOrder).not.toEqual([])
      expect(result.missedInOtherOrder).not.toEqual([])
    })
  } else {
    it('in another order of the list every key is where it was, and is found', () => {
      expectNone(result, 'movedByOrder', 'missedInOtherOrder')
    })
  }
})

/** Of many keys in the wrong place, three tell enough. */
function expectNone<K extends string>(result: Readonly<Record<K, readonly string[]>>, ...lists: readonly K[]): void {
  const found = lists.map((list) => [list, result[list].length, ...result[list].slice(0, 3)])
  expect(found).toEqual(lists.map((list) => [list, 0]))
}
