// Settings: `requestTimeout` is raised from 0.25 s to 10 s and `inflightRequestsLimit` from 1,000 to 100,000: with the
// defaults it refuses what an open loop asks of it. One client has one connection; it talks to Redis.
import { GlideClient } from '@valkey/valkey-glide'

const TIMEOUT_MS = 10_000
const MAX_IN_FLIGHT = 100_000

export async function connect([{ host, port }]) {
  const client = await GlideClient.createClient({
    addresses: [{ host, port }],
    requestTimeout: TIMEOUT_MS,
    inflightRequestsLimit: MAX_IN_FLIGHT,
  })
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    getMany: (keys) => client.mget(keys).then((found) => new Map(keys.map((key, index) => [key, found[index]]))),
    pick: (found, key) => found.get(key),
    close: async () => client.close(),
  }
}
