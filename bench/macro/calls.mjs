const SET_EVERY = 10
const LARGE_BYTES = 10_000
const EDGE = 64
const CHECKED_OF_MANY = 10

/**
 * What a worker does in one turn: `call(index, turn)` starts a command about the key, or group of keys, of that index,
 * `isRight(answer, index, turn)` judges its answer. `order` lists the indexes to go through.
 */
export function createCalls(workload, client, data) {
  return { order: data.order, ...commandsOf(workload, client, data) }
}

function commandsOf(workload, client, data) {
  switch (workload.kind) {
    case 'get':
    case 'open':
    case 'bursts':
    case 'cold':
    case 'memory':
      return getCalls(workload, client, data)
    case 'set':
      return setCalls(client, data)
    case 'mix':
      return mixCalls(getCalls(workload, client, data), setCalls(client, data))
    case 'getMany':
      return manyCalls(client, data)
  }
  throw new Error(`unknown kind of workload: ${workload.kind}`)
}

function getCalls(workload, client, { keys, values, stored }) {
  const isSame = comparison(workload)
  const { valueIn } = client
  const isRight = (answer, index) =>
    stored[index] ? isSame(answer, values[index]) : (answer ?? undefined) === undefined
  return {
    call: (index) => client.get(keys[index]),
    isRight: valueIn === undefined ? isRight : (answer, index) => isRight(valueIn(answer), index),
  }
}

function setCalls(client, { keys, values }) {
  return {
    call: (index) => client.set(keys[index], values[index]),
    isRight: Boolean,
  }
}

function mixCalls(gets, sets) {
  return {
    call: (index, turn) => (turn % SET_EVERY === 0 ? sets.call(index) : gets.call(index)),
    isRight: (answer, index, turn) => (turn % SET_EVERY === 0 ? sets.isRight(answer) : gets.isRight(answer, index)),
  }
}

/** Looks at every tenth value of an answer, at others each time: a look at all of them would be a cost of its own. */
function manyCalls(client, { groups, values }) {
  return {
    call: (index) => client.getMany(groups[index].keys),
    isRight: (answer, index, turn) => {
      const { keys, indexes } = groups[index]
      for (let at = turn % CHECKED_OF_MANY; at < keys.length; at += CHECKED_OF_MANY) {
        if (client.pick(answer, keys[at]) !== values[indexes[at]]) return false
      }
      return true
    },
  }
}

/** Big texts are compared at both ends here and as a whole once per cell: see `verify.mjs`. */
function comparison({ values, valueBytes }) {
  if (values === 'json') return (answer, value) => answer?.id === value.id && answer.text === value.text
  if (valueBytes < LARGE_BYTES) return (answer, value) => answer === value
  return (answer, value) =>
    answer?.length === value.length &&
    answer.slice(0, EDGE) === value.slice(0, EDGE) &&
    answer.slice(-EDGE) === value.slice(-EDGE)
}
