import { MANY_KEYS } from './workloads.mjs'

const ORDER_LENGTH = 1 << 16
const GROUP_COUNT = 256
const TEXT = 'Zoë kauft im Café „Größe“ 12 Äpfel für 3,50 € – 東京 ☕ '

/**
 * Keys, the answer expected for each, and a random order to ask in. Every value carries its key, so that an answer
 * for another key is seen. Every client gets keys of its own, of the same length.
 */
export function createData(workload, keyPrefix) {
  const kind = workload.keys === 'utf8' ? 'schlüssel:ключ' : 'user:profile'
  const keys = Array.from({ length: workload.keyCount }, (_, index) => flat(`${keyPrefix}:${kind}:${pad(index)}`))
  const values = keys.map((key) => (workload.values === 'json' ? jsonValue(key) : textValue(key, workload.valueBytes)))
  const stored = keys.map((_, index) => (index % 100) / 100 >= workload.missShare)
  const order = shuffledOrder(workload.keyCount)
  const groups = workload.kind === 'getMany' ? keyGroups(keys, order) : []
  return { keys, values, stored, groups, order: groups.length > 0 ? shuffledOrder(groups.length) : order }
}

/** A string made of parts is a tree until it is read; here all clients get texts of one piece. */
function flat(text) {
  return Buffer.from(text).toString()
}

function pad(index) {
  return String(index).padStart(5, '0')
}

/** The end of the key when the value is shorter than the key. */
function textValue(key, bytes) {
  return key.length >= bytes ? flat(key.slice(-bytes)) : flat(key.padEnd(bytes, '0123456789abcdef'))
}

function jsonValue(key) {
  return {
    id: key,
    name: 'Márta Żółkiewska',
    email: 'marta@example.com',
    active: true,
    visits: 1729,
    tags: ['naïve', 'русский', 'admin'],
    text: TEXT.repeat(3),
  }
}

/** Whole permutations one after the other: every key is asked for equally often, and all within the first `count`. */
function shuffledOrder(count) {
  const order = new Uint32Array(Math.ceil(ORDER_LENGTH / count) * count)
  for (let start = 0; start < order.length; start += count) {
    for (let index = 0; index < count; index++) order[start + index] = index
    shuffle(order.subarray(start, start + count))
  }
  return order
}

function shuffle(numbers) {
  for (let index = numbers.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1))
    const kept = numbers[index]
    numbers[index] = numbers[other]
    numbers[other] = kept
  }
}

/** Neighbours in one permutation, so no key is twice in a group. */
function keyGroups(keys, order) {
  return Array.from({ length: GROUP_COUNT }, (_, group) => {
    const indexes = Array.from(order.subarray(group * MANY_KEYS, (group + 1) * MANY_KEYS))
    return { indexes, keys: indexes.map((index) => keys[index]) }
  })
}
