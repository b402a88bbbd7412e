import { isDeepStrictEqual } from 'node:util'

const AT_ONCE = 8

/** Stores what the workload reads, with the client's own `set`: over TLS one by one, or some would hang there. */
export async function seed(client, { keys, values, stored }, { servers }) {
  const store = async (index) => {
    if (stored[index] && !(await client.set(keys[index], values[index]))) throw new Error(`not stored: ${keys[index]}`)
  }
  await eachIndex(keys, store, servers === 'tls' ? 1 : AT_ONCE)
}

/** Reads every key back and compares whole values; returns how many are not what they should be. */
export async function countWrong(client, { keys, values, stored }) {
  let wrong = 0
  await eachIndex(keys, async (index) => {
    const answer = await client.get(keys[index])
    const value = (client.valueIn === undefined ? answer : client.valueIn(answer)) ?? undefined
    if (!isDeepStrictEqual(value, stored[index] ? values[index] : undefined)) wrong++
  })
  return wrong
}

async function eachIndex(keys, visit, atOnce = AT_ONCE) {
  const indexes = keys.keys()
  const workers = Array.from({ length: atOnce }, async () => {
    for (const index of indexes) await visit(index)
  })
  await Promise.all(workers)
}
