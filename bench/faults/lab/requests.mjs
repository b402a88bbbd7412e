// Where requests end, in the three languages that the clients speak: the text protocol of memcached (classic and meta), its
// binary one, and that of Redis.

const STORAGE = new Set(['set', 'add', 'replace', 'append', 'prepend', 'cas'])
const READS = new Set(['get', 'gets', 'mg'])
const BINARY_HEADER = 24
const BINARY_KINDS = new Map([
  [0x00, 'read'],
  [0x0c, 'read'],
  [0x01, 'write'],
  [0x02, 'write'],
  [0x03, 'write'],
])

/** The language of a connection, by its first byte. */
export function dialectOf(firstByte) {
  if (firstByte === 0x80) return 'binary'
  return firstByte === 0x2a ? 'redis' : 'text'
}

/** The first request in the buffer: `{ length, word, kind, keys, opaque?, hasReply }`; undefined where it is not whole. */
export function takeRequest(buffer, dialect) {
  switch (dialect) {
    case 'binary':
      return takeBinary(buffer)
    case 'redis':
      return takeRedis(buffer)
    default:
      return takeText(buffer)
  }
}

function takeText(buffer) {
  const end = buffer.indexOf('\r\n')
  if (end === -1) return undefined
  const words = buffer.toString('latin1', 0, end).split(' ')
  const [word] = words
  const size = STORAGE.has(word) ? Number(words[4]) : word === 'ms' ? Number(words[2]) : undefined
  const length = end + 2 + (size === undefined ? 0 : size + 2)
  if (buffer.length < length) return undefined
  const isRead = READS.has(word)
  const keys = word === 'get' || word === 'gets' ? words.slice(1).filter(Boolean) : words.slice(1, 2)
  return {
    length,
    word,
    kind: isRead ? 'read' : size === undefined ? 'other' : 'write',
    keys,
    hasReply: words.at(-1) !== 'noreply',
  }
}

function takeBinary(buffer) {
  if (buffer.length < BINARY_HEADER) return undefined
  const length = BINARY_HEADER + buffer.readUInt32BE(8)
  if (buffer.length < length) return undefined
  const start = BINARY_HEADER + buffer[4]
  const keys = [buffer.toString('latin1', start, start + buffer.readUInt16BE(2))]
  const code = buffer[1]
  return {
    length,
    word: code,
    kind: BINARY_KINDS.get(code) ?? 'other',
    keys,
    opaque: buffer.readUInt32BE(12),
    hasReply: true,
  }
}

function takeRedis(buffer) {
  const parts = takeArray(buffer)
  if (parts === undefined) return undefined
  const [word, ...keys] = parts.texts
  const name = word.toUpperCase()
  const kind = name === 'GET' || name === 'MGET' ? 'read' : name === 'SET' ? 'write' : 'other'
  return { length: parts.length, word: name, kind, keys: name === 'SET' ? keys.slice(0, 1) : keys, hasReply: true }
}

/** Commands of Redis are arrays of texts. */
function takeArray(buffer) {
  let at = buffer.indexOf('\r\n')
  if (at === -1) return undefined
  const count = Number(buffer.toString('latin1', 1, at))
  const texts = []
  at += 2
  for (let index = 0; index < count; index++) {
    const end = buffer.indexOf('\r\n', at)
    if (end === -1) return undefined
    const size = Number(buffer.toString('latin1', at + 1, end))
    texts.push(buffer.toString('latin1', end + 2, end + 2 + size))
    at = end + 2 + size + 2
    if (buffer.length < at) return undefined
  }
  return { length: at, texts }
}
