// Not a client but the floor: what a socket, a parser and one promise per command cost. ASCII keys and texts only.
import { readFileSync } from 'node:fs'
import { RawClient } from './raw-client.mjs'

export const canRun = ({ kind, keys, values }) => kind !== 'cold' && keys === 'ascii' && values === 'text'

export async function connect([{ authority, ...address }]) {
  const client = new RawClient(address, authority && readFileSync(authority))
  await client.connected
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    getMany: (keys) => client.getMany(keys),
    pick: (found, key) => found.get(key),
    close: () => client.close(),
  }
}
