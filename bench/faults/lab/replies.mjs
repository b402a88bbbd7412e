// Where replies end, and how one is changed into another that the server never gave.

const BINARY_HEADER = 24
const STATISTICS = 0x10

/** Length of the reply to the request at the start of the buffer; undefined where it is not whole. */
export function lengthOfReply(buffer, dialect, request) {
  switch (dialect) {
    case 'binary':
      return lengthOfBinary(buffer, request)
    case 'redis':
      return lengthOfRedis(buffer, 0)
    default:
      return lengthOfText(buffer, request)
  }
}

function lengthOfText(buffer, { word }) {
  const isList = word === 'get' || word === 'gets' || word === 'gat' || word === 'gats' || word === 'stats'
  let at = 0
  for (;;) {
    const end = buffer.indexOf('\r\n', at)
    if (end === -1) return undefined
    const words = buffer.toString('latin1', at, end).split(' ')
    at = end + 2
    const size = words[0] === 'VALUE' ? Number(words[3]) : words[0] === 'VA' ? Number(words[1]) : undefined
    if (size !== undefined) at += size + 2
    if (buffer.length < at) return undefined
    if (!isList || (words[0] !== 'VALUE' && words[0] !== 'STAT')) return at
  }
}

function lengthOfBinary(buffer, { word }) {
  let at = 0
  for (;;) {
    if (buffer.length < at + BINARY_HEADER) return undefined
    const body = buffer.readUInt32BE(at + 8)
    at += BINARY_HEADER + body
    if (buffer.length < at) return undefined
    if (word !== STATISTICS || body === 0) return at
  }
}

/** Any value of RESP 2 and 3. */
function lengthOfRedis(buffer, start) {
  const end = buffer.indexOf('\r\n', start)
  if (end === -1) return undefined
  const type = String.fromCharCode(buffer[start])
  const count = Number(buffer.toString('latin1', start + 1, end))
  let at = end + 2
  if ('$=!'.includes(type)) return count < 0 ? at - start : wholeOrNothing(buffer, start, at + count + 2)
  if (!'*%~>'.includes(type)) return at - start
  for (let left = type === '%' ? count * 2 : count; left > 0; left--) {
    const length = lengthOfRedis(buffer, at)
    if (length === undefined) return undefined
    at += length
  }
  return at - start
}

function wholeOrNothing(buffer, start, end) {
  return buffer.length < end ? undefined : end - start
}

/**
 * A hit in the form of the given one, changed: another key (text) or opaque (binary, meta), another value, another announced
 * length. What a language does not carry stays out: replies of Redis name no key.
 */
export function changeHit({ dialect, word, reply }, { key, opaque, value, length }) {
  switch (dialect) {
    case 'binary':
      return changeBinary(reply, { opaque, value, length })
    case 'redis':
      return changeRedis(reply, { value, length })
    default:
      return word === 'mg' ? changeMeta(reply, { opaque, value, length }) : changeText(reply, { key, value, length })
  }
}

function changeText(reply, { key, value, length }) {
  const end = reply.indexOf('\r\n')
  const words = reply.toString('latin1', 0, end).split(' ')
  const data = value ?? reply.subarray(end + 2, end + 2 + Number(words[3]))
  const head = ['VALUE', key ?? words[1], words[2], length ?? String(Buffer.byteLength(data)), ...words.slice(4)]
  return Buffer.concat([Buffer.from(`${head.join(' ').trimEnd()}\r\n`), Buffer.from(data), Buffer.from('\r\nEND\r\n')])
}

function changeMeta(reply, { opaque, value, length }) {
  const end = reply.indexOf('\r\n')
  const [, size, ...flags] = reply.toString('latin1', 0, end).split(' ')
  const data = value ?? reply.subarray(end + 2, end + 2 + Number(size))
  const changed = flags.map((flag) => (opaque !== undefined && flag.startsWith('O') ? `O${opaque}` : flag))
  const head = ['VA', length ?? String(Buffer.byteLength(data)), ...changed].join(' ')
  return Buffer.concat([Buffer.from(`${head}\r\n`), Buffer.from(data), Buffer.from('\r\n')])
}

function changeBinary(reply, { opaque, value, length }) {
  const extras = reply[4]
  const data = value === undefined ? reply.subarray(BINARY_HEADER + extras) : Buffer.from(value)
  const changed = Buffer.concat([reply.subarray(0, BINARY_HEADER + extras), data])
  changed.writeUInt32BE(length ?? extras + data.length, 8)
  if (opaque !== undefined) changed.writeUInt32BE(opaque, 12)
  return changed
}

function changeRedis(reply, { value, length }) {
  const end = reply.indexOf('\r\n')
  const data = value ?? reply.subarray(end + 2, -2)
  return Buffer.concat([
    Buffer.from(`$${length ?? Buffer.byteLength(data)}\r\n`),
    Buffer.from(data),
    Buffer.from('\r\n'),
  ])
}

/** A failure of the server as the answer to this request. */
export function failure({ dialect, reply }, text) {
  if (dialect === 'redis') return Buffer.from(`-ERR ${text}\r\n`)
  if (dialect === 'text') return Buffer.from(`SERVER_ERROR ${text}\r\n`)
  const header = Buffer.from(reply.subarray(0, BINARY_HEADER))
  header[4] = 0
  header.writeUInt16BE(0, 2)
  header.writeUInt16BE(0x84, 6)
  header.writeUInt32BE(text.length, 8)
  return Buffer.concat([header, Buffer.from(text)])
}
