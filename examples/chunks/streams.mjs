// Stores a file of any length as it is read, and reads it back piece by piece.
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Memcache } from 'memlane'
import { chunks, getStream, setStream } from 'memlane/chunks'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', { chunks: chunks(), timeoutMs: 10_000 })
const path = join(tmpdir(), `memlane-example-${process.pid}`)
await writeFile(path, Buffer.alloc(2_000_000, 'memlane '))

console.log(await setStream(cache, 'file', createReadStream(path), { ttl: 600 }))

let bytes = 0
for await (const piece of await getStream(cache, 'file')) bytes += piece.length
console.log(bytes)
console.log(await getStream(cache, 'other'))

await cache.delete('file')
await cache.close()
