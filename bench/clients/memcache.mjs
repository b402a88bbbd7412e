// Settings: one node, connected before the first command (otherwise every waiting command opens a socket of its own).
// `ModulaHash` or `KetamaHash` makes no difference with one server. Texts only, so JSON is done here. TCP_NODELAY is on.
import { Memcache } from 'memcache'

export async function connect({ host, port }, { values, cold }) {
  const client = new Memcache({ nodes: [`${host}:${port}`] })
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
