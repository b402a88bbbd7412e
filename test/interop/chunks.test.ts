import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { chunks } from '../../src/client/chunks/chunks.ts'
import { Memcache } from '../../src/client/memcache.ts'
import { patient } from '../support/memcache-options.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { clients, requireClient, runProgram } from './foreign-client.ts'

/** Reads the keys of a job by the function of the documentation; gives the SHA-256 of each value, null where it gave None. */
const PROGRAM = `
job = json.load(sys.stdin)
client = Client(("127.0.0.1", job["port"]))
values = [get_large(client, key) for key in job["keys"]]
json.dump([value and hashlib.sha256(value).hexdigest() for value in values], sys.stdout)
`

async function readerOfThePage(): Promise<string> {
  const page = await readFile(resolve(import.meta.dirname, '../../docs/chunks.md'), 'utf8')
  const [, code] = /```python\n(.*?)```/s.exec(page)!
  return code!
}

async function generationOf(port: number, key: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').end(`get ${key}\r\nquit\r\n`)
  return / ([\w-]{16}) /.exec(await text(socket))![1]!
}

function digestOf(value: Buffer | string): string {
  return createHash('sha256').update(value).digest('hex')
}

beforeAll(() => requireClient(clients.pymemcache))

describe('the reader for Python in docs/chunks.md', () => {
  it.each(['meta', 'text'] as const)('reads what memlane has stored in chunks (%s)', async (protocol) => {
    const server = await startMemcached()
    onTestFinished(() => server.stop())
    const cache = new Memcache(server.address, { ...patient, protocol, chunks: chunks() })
    onTestFinished(() => {
      cache.destroy()
    })
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => Math.imul(at, 2_654_435_761) >>> 13))
    const many = Buffer.from(bytes.subarray(0, 1_500_000))
    const words = 'é'.repeat(900_000)
    await cache.setMany({ bytes, words })
    // More than 36 chunks: their positions have two digits.
    const narrow = new Memcache(server.address, { ...patient, protocol, chunks: chunks({ chunkBytes: 1024 }) })
    await narrow.set('many', many)
    await narrow.set('lost', many)
    await narrow.close()
    await cache.delete(`~c${await generationOf(server.port, 'lost')}:a`)
    const program = `import hashlib, json, sys, zlib\nfrom pymemcache.client.base import Client\n${await readerOfThePage()}${PROGRAM}`
    const [python] = clients.pymemcache.command
    const client = { ...clients.pymemcache, command: [python!, '-c', program] }
    const found: unknown = JSON.parse(
      await runProgram(client, { port: server.port, keys: ['bytes', 'words', 'many', 'lost'] }),
    )
    expect(found).toEqual([digestOf(bytes), digestOf(words), digestOf(many), null])
  })
})
