// Settings: one node, connected before the first command (otherwise every waiting command opens a socket of its own).
// `timeout` is raised from 5 s to 10 min: it also counts the time while other clients are measured, and a connection
// that was idle for longer leaves the next commands without an answer. `ModulaHash` or `KetamaHash` makes no difference with one server. Texts only, so JSON is done here. TCP_NODELAY is on.
import { readFileSync } from 'node:fs'
import { Memcache } from 'memcache'

const TIMEOUT_MS = 600_000

export async function connect([{ host, port, authority }], { values, cold }) {
  const tls = authority === undefined ? {} : { tls: { ca: readFileSync(authority) } }
  const client = new Memcache({ nodes: [`${host}:${port}`], timeout: TIMEOUT_MS, ...tls })
  if (!cold) await client.connect()
  return {
    ...(values === 'json' ? jsonCommands(client) : textCommands(client)),
    getMany: (keys) => client.gets(keys),
    pick: (found, key) => found.get(key),
    close: () => client.disconnect(),
  }
}

function textCommands(client) {
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
  }
}

function jsonCommands(client) {
  return {
    get: async (key) => {
      const text = await client.get(key)
      return text === undefined ? undefined : JSON.parse(text)
    },
    set: (key, value) => client.set(key, JSON.stringify(value)),
  }
}
