import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

const CHUNK_BYTES = 64 * 1024
const MAX_LINE_KEYS = 128
const MAX_WAITING = 1 << 16
/** Above the longest `VALUE` line: a key of 250 bytes and two numbers. */
const MAX_LINE_BYTES = 300
const [LF, CR, SPACE, S, V, ZERO] = Buffer.from('\n\r SV0')

/**
 * The floor of the benchmark: everything that makes a client fast and nothing that makes it safe. One write per turn,
 * neighbouring reads on one `get` line, one read buffer, a parser that walks it in place, a ring of waiting commands,
 * one promise per command. No timeouts, reconnects, errors or limits; keys and values are ASCII. Over TLS it keeps no care
 * of records, which large values need there.
 */
export class RawClient {
  #socket
  #output = ''
  #lineKeys = 0
  #scheduled = false
  #flush = () => this.#write()
  #waiting = new Array(MAX_WAITING)
  #head = 0
  #tail = 0
  #lineAnswered = false
  #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  #buffer = this.#chunk
  #kept = 0
  #wanted = 0

  /** Settles once commands can be written. */
  connected

  /** `ca`: of a server that speaks TLS. */
  constructor(address, ca) {
    const buffer = () => this.#buffer.subarray(this.#kept)
    const callback = (count) => this.#receive(this.#kept + count)
    const options = { ...address, noDelay: true, onread: { buffer, callback } }
    this.#socket = ca === undefined ? connect(options) : connectTls({ ...options, ca })
    this.connected = once(this.#socket, ca === undefined ? 'connect' : 'secureConnect')
  }

  get(key) {
    return new Promise((resolve) => this.#read(key, resolve, undefined))
  }

  getMany(keys) {
    const found = new Map()
    const last = keys.length - 1
    return new Promise((resolve) => {
      for (let index = 0; index <= last; index++) this.#read(keys[index], index === last ? resolve : undefined, found)
    })
  }

  set(key, value) {
    return new Promise((resolve) => {
      this.#closeLine()
      this.#output += `set ${key} 0 0 ${value.length}\r\n${value}\r\n`
      this.#push({ key, resolve, found: undefined, endsLine: true })
    })
  }

  close() {
    return new Promise((resolve) => this.#socket.end(resolve))
  }

  #read(key, resolve, found) {
    if (this.#lineKeys === MAX_LINE_KEYS) this.#closeLine()
    this.#output += this.#lineKeys++ === 0 ? `get ${key}` : ` ${key}`
    this.#push({ key, resolve, found, endsLine: false })
  }

  #closeLine() {
    if (this.#lineKeys === 0) return
    this.#output += '\r\n'
    this.#lineKeys = 0
    this.#waiting[(this.#tail - 1) & (MAX_WAITING - 1)].endsLine = true
  }

  #push(command) {
    this.#waiting[this.#tail] = command
    this.#tail = (this.#tail + 1) & (MAX_WAITING - 1)
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(this.#flush)
  }

  #write() {
    this.#scheduled = false
    this.#closeLine()
    this.#socket.write(this.#output, 'latin1')
    this.#output = ''
  }

  #receive(end) {
    const rest = this.#parse(this.#buffer, end)
    if (rest === end) this.#keep(this.#chunk, 0)
    else if (this.#wanted <= this.#buffer.length)
      this.#keep(this.#buffer, this.#buffer.copy(this.#buffer, 0, rest, end))
    else this.#growFor(rest, end)
    return true
  }

  #keep(buffer, kept) {
    this.#buffer = buffer
    this.#kept = kept
  }

  /** The rest of a big value is read straight into a buffer of exactly its size. */
  #growFor(rest, end) {
    const grown = Buffer.allocUnsafeSlow(this.#wanted)
    this.#keep(grown, this.#buffer.copy(grown, 0, rest, end))
  }

  /** Walks the whole replies and returns where the first unfinished one begins. */
  #parse(buffer, end) {
    let at = 0
    this.#wanted = 0
    while (at < end) {
      if (end - at < MAX_LINE_BYTES && !hasLine(buffer, at, end)) break
      const first = buffer[at]
      const next = first === V ? this.#parseValue(buffer, at + 6, end) : this.#parseWord(first, at)
      if (next > end) {
        this.#wanted = next - at
        break
      }
      at = next
    }
    return at
  }

  /** `END` or `STORED` */
  #parseWord(first, at) {
    if (first === S) {
      this.#shift().resolve(true)
      return at + 8
    }
    this.#endLine()
    return at + 5
  }

  /** `VALUE <key> <flags> <bytes>\r\n<data>\r\n`, from the key on; commands asked before that key are misses. */
  #parseValue(buffer, at, end) {
    while (!isKeyAt(buffer, at, this.#waiting[this.#head].key)) this.#settle(undefined)
    at += this.#waiting[this.#head].key.length + 1
    while (buffer[at++] !== SPACE);
    let bytes = 0
    for (; buffer[at] !== CR; at++) bytes = bytes * 10 + buffer[at] - ZERO
    const data = at + 2
    const next = data + bytes + 2
    if (next <= end) this.#settle(buffer.latin1Slice(data, data + bytes))
    return next
  }

  #endLine() {
    while (!this.#lineAnswered) this.#settle(undefined)
    this.#lineAnswered = false
  }

  #settle(value) {
    const { key, found, resolve, endsLine } = this.#shift()
    this.#lineAnswered = endsLine
    if (found === undefined) {
      resolve(value)
      return
    }
    if (value !== undefined) found.set(key, value)
    if (resolve !== undefined) resolve(found)
  }

  #shift() {
    const command = this.#waiting[this.#head]
    this.#waiting[this.#head] = undefined
    this.#head = (this.#head + 1) & (MAX_WAITING - 1)
    return command
  }
}

function hasLine(buffer, at, end) {
  const found = buffer.indexOf(LF, at)
  return found !== -1 && found < end
}

function isKeyAt(buffer, at, key) {
  for (let index = key.length - 1; index >= 0; index--) {
    if (buffer[at + index] !== key.charCodeAt(index)) return false
  }
  return buffer[at + key.length] === SPACE
}
