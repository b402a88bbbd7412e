import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

/** An answer: the type of the record and its data. */
export interface DnsRecord {
  readonly type: 'A' | 'AAAA' | 'SRV'
  readonly data: Buffer
}

const TYPES = { A: 1, AAAA: 28, SRV: 33 } as const

/** A name server on loopback that gives every question the records of the moment, or no answer. */
export class NameServer {
  readonly #socket = createSocket('udp4')
  records: readonly DnsRecord[] = []
  /** Says SERVFAIL instead. */
  failing = false
  /** Says nothing. */
  silent = false
  questions = 0

  static async start(): Promise<NameServer> {
    const server = new NameServer()
    server.#socket.on('message', (question, from) => {
      server.questions++
      if (server.silent) return
      server.#socket.send(server.#answer(question), from.port, from.address)
    })
    server.#socket.bind(0, '127.0.0.1')
    await once(server.#socket, 'listening')
    onTestFinished(() => {
      server.#socket.close()
    })
    return server
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`
  }

  /** RFC 1035, section 4.1: header, the question as it came, answers that point back to its name. */
  #answer(question: Buffer): Buffer {
    const end = question.indexOf(0, 12) + 5
    const records = this.failing ? [] : this.records
    const header = Buffer.alloc(12)
    question.copy(header, 0, 0, 2)
    header.writeUInt16BE(this.failing ? 0x8182 : 0x8180, 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(records.length, 6)
    return Buffer.concat([header, question.subarray(12, end), ...records.map(encodeRecord)])
  }
}

function encodeRecord({ type, data }: DnsRecord): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(TYPES[type], 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

/** An address record. */
export function a(address: string): DnsRecord {
  return { type: 'A', data: Buffer.from(address.split('.').map(Number)) }
}

/** An IPv6 address record, from sixteen bytes in hex. */
export function aaaa(hex: string): DnsRecord {
  return { type: 'AAAA', data: Buffer.from(hex, 'hex') }
}

/** A service record. */
export function srv(priority: number, weight: number, port: number, name: string): DnsRecord {
  const head = Buffer.alloc(6)
  for (const [at, value] of [priority, weight, port].entries()) head.writeUInt16BE(value, at * 2)
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]))
  return { type: 'SRV', data: Buffer.concat([head, ...labels, Buffer.of(0)]) }
}
