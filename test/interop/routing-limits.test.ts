import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { hashes, twemproxy } from '../../src/exports/routing.ts'
import { requireClient } from './foreign-client.ts'
import { routingClients, runRoutingJob } from './routing-client.ts'
import { entriesOf, missedBy } from './routing-exchange.ts'
import { keysOf } from './routing-keys.ts'
import { type RoutingServer, startServers, stopServers } from './routing-servers.ts'
import { startTwemproxy } from './routing-twemproxy.ts'

beforeAll(() => requireClient(routingClients.phpMemcached))

async function threeServers(): Promise<RoutingServer[]> {
  const servers = await startServers([{ kind: 'port' }, { kind: 'port' }, { kind: 'port' }])
  onTestFinished(() => stopServers(servers))
  return servers
}

it('php-memcached refuses keys beyond ASCII, and takes them over the binary protocol', async () => {
  const servers = (await threeServers()).map(({ foreign }) => foreign)
  const job = { servers, set: entriesOf(['key', 'clé', '鍵']), get: [] }
  const run = (options: Record<string, unknown>) => runRoutingJob(routingClients.phpMemcached, { ...job, options })
  expect((await run({})).stored).toEqual([true, false, false])
  expect((await run({ OPT_BINARY_PROTOCOL: true })).stored).toEqual([true, true, true])
})

it('a memlane behind twemproxy and one that goes past it find the keys of each other', async () => {
  const servers = await threeServers()
  await using proxy = await startTwemproxy({ hash: 'murmur' }, servers)
  await using behind = new Memcache({ host: '127.0.0.1', port: proxy.foreign.port })
  const distribution = twemproxy({ hash: hashes.murmur })
  await using past = new Memcache(
    servers.map(({ address }) => address),
    { cluster: { distribution } },
  )
  const [first, second] = [keysOf('behind', 'UTF-8'), keysOf('past', 'UTF-8')]
  await behind.setMany(entriesOf(first))
  await past.setMany(entriesOf(second))
  expect(await missedBy(past, first)).toEqual([])
  expect(await missedBy(behind, second)).toEqual([])
})
