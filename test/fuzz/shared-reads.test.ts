import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { patient } from '../support/memcache-options.ts'
import { playRounds, timeout } from './seed.ts'

const keyCount = 40
const readsPerRound = 200
const longest = 20_000

const folder = mkdtempSync(join(tmpdir(), 'memlane-shared-'))
const closing: AsyncDisposable[] = []

/** Clients that read in different ways, by a name that each of their values carries. */
const clients: Map<string, Memcache> = new Map()

/** Servers, and clients whose bytes come over TCP, in pieces, from a unix socket, over TLS, and from a stream. */
async function open(): Promise<void> {
  const { server: files } = inject('certificates')
  const tls = { cert: readFileSync(files.certificate), key: readFileSync(files.key) }
  const tcp = await serve({})
  const unix = await serve({ path: join(folder, 'server.sock') })
  const secure = await serve({ tls })
  const proxy = await FaultProxy.start(tcp.address)
  proxy.set('toClient', { splitBytes: 1555 })
  closing.push(proxy)
  const options = { ...patient, validateAfterIdleMs: Number.POSITIVE_INFINITY }
  const asked = { rejectUnauthorized: false }
  clients.set('tcp', new Memcache(tcp.address, { ...options, keyPrefix: 'tcp:' }))
  clients.set('split', new Memcache(proxy.address, { ...options, keyPrefix: 'split:' }))
  clients.set('several', new Memcache([tcp.address, unix.address], { ...options, keyPrefix: 'several:' }))
  clients.set('unix', new Memcache(unix.address, { ...options, keyPrefix: 'unix:' }))
  clients.set('tls', new Memcache(secure.address, { ...options, keyPrefix: 'tls:', tls: asked }))
  const connectTo = { port: proxy.port, host: '127.0.0.1' }
  clients.set('dialer', new Memcache('elsewhere', { ...options, keyPrefix: 'd:', connect: () => dial(connectTo) }))
}

async function serve(options: object): Promise<MemcachedServer> {
  const server = await MemcachedServer.start(options)
  closing.push(server)
  return server
}

function dial(options: { port: number; host: string }): Promise<ReturnType<typeof connect>> {
  return new Promise((resolve, reject) => {
    const socket = connect(options)
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}

/** A value that shows whose it is in every part. */
function textOf(client: string, key: number): string {
  const length = key % 3 === 0 ? 50 : key % 3 === 1 ? 3000 : Math.floor((longest / keyCount) * key)
  return `${client} ${key} `.repeat(Math.ceil(length / 8))
}

beforeAll(open)

afterAll(async () => {
  for (const client of clients.values()) await client.close()
  for (const one of closing.toReversed()) await one[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe('clients that share the memory that they read into', () => {
  it(
    'each get their own values, however their replies are cut and mixed',
    async () => {
      const keys = Array.from({ length: keyCount }, (_, key) => key)
      for (const [name, client] of clients) {
        await client.setMany(keys.map((key) => [`${key}`, textOf(name, key)]))
      }
      const foreign: string[] = []
      const check = (name: string, key: number, value: unknown): void => {
        if (value !== textOf(name, key)) foreign.push(`${name} ${key}`)
      }
      const checkAll = (name: string, asked: readonly number[], values: ReadonlyMap<string, unknown>): void => {
        for (const key of asked) check(name, key, values.get(`${key}`))
      }
      await playRounds(3, async ({ random }) => {
        const reads: Promise<void>[] = []
        for (let read = 0; read < readsPerRound; read++) {
          const [name, client] = [...clients][Math.floor(random() * clients.size)]!
          const key = Math.floor(random() * keyCount)
          if (random() < 0.8) reads.push(client.get(`${key}`).then((value) => check(name, key, value)))
          else {
            const some = keys.slice(key, key + 20)
            const found = client.getMany(some.map(String))
            reads.push(found.then((values) => checkAll(name, some, values)))
          }
          if (random() < 0.05) await reads.at(-1)
        }
        await Promise.all(reads)
      })
      expect(foreign).toEqual([])
    },
    timeout,
  )
})
