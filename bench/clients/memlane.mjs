// Settings: defaults, so one multiplexed connection to each server; text and JSON are chosen by the default serde.
// `connectTimeoutMs` is raised from 0.5 s to 5 s: all processes of a row connect at once, and a busy machine takes longer.
import { readFileSync } from 'node:fs'

const OWN_BUILD = new URL('../../dist', import.meta.url)
const PREFIX = 'bench:'
const CONNECT_TIMEOUT_MS = 5000

/** `through` names the call that reads; `dist` another build of memlane than that of this checkout. */
export async function connect(servers, { cold, through, dist = OWN_BUILD }) {
  const { Memcache } = await import(`${dist}/index.mjs`)
  const client = new Memcache(addressesOf(servers), optionsOf(servers))
  if (!cold) await client.connect()
  return {
    getMany: (keys) => client.getMany(keys),
    pick: (found, key) => found.get(key),
    close: () => client.close(),
    ...(await readsOf(client, servers, through, dist)),
  }
}

async function readsOf(client, servers, through, dist) {
  const set = (key, value) => client.set(key, value)
  switch (through) {
    case 'get':
      return { get: (key) => client.get(key), set }
    case 'getOrSet':
      return { get: (key) => client.getOrSet(key, loadNothing, { ttl: 0 }), set }
    case 'namespace': {
      const space = client.namespace(PREFIX)
      return { get: (key) => space.get(key), set: (key, value) => space.set(key, value) }
    }
    case 'MetaClient': {
      const meta = await openMetaClient(servers, dist)
      const close = () => Promise.all([client.close(), meta.close()])
      return { get: (key) => meta.get(key), valueIn: (answer) => answer.value, set, close }
    }
  }
  throw new Error(`unknown way to read: ${through}`)
}

/** Every read of the row is a hit. */
function loadNothing() {
  throw new Error('getOrSet called its loader for a key that is stored')
}

async function openMetaClient(servers, dist) {
  const { MetaClient } = await import(`${dist}/meta.mjs`)
  return new MetaClient(addressesOf(servers), optionsOf(servers))
}

function addressesOf(servers) {
  return servers.map(({ host, port, path }) => path ?? `${host}:${port}`)
}

function optionsOf([{ authority }]) {
  const tls = authority === undefined ? {} : { tls: { ca: readFileSync(authority) } }
  return { connectTimeoutMs: CONNECT_TIMEOUT_MS, ...tls }
}
