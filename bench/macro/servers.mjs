import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canStart, openServer, startServer } from './server.mjs'

/** Number of servers of the rows over several. */
const SEVERAL = 8

/** Clients of another kind of server, which stand beside the others in some rows. */
const SOFTWARE_OF = { ioredis: 'redis', 'ioredis-plain': 'redis', 'valkey-glide': 'redis' }

/**
 * The servers of one run. A memcached is started at once, or named by `MEMCACHED=host:port`; others are started when a
 * row asks for them, and all end with the run.
 */
export class Servers {
  #folder
  #started = new Map()

  /** Starts the memcached that most rows use. */
  static async open() {
    const servers = new Servers()
    await servers.#start('memcached', 'one')
    return servers
  }

  /** Versions of the servers that run, by the name of the software. */
  async versions() {
    const found = await Promise.all(Array.from(this.#started, async ([name, servers]) => [name, await servers]))
    return Object.fromEntries(found.map(([name, [first]]) => [name.split(' ')[0], first.version]))
  }

  /** Whether this client has a server here. */
  hasServerFor(clientName) {
    const software = SOFTWARE_OF[clientName]
    return software === undefined || canStart(software)
  }

  /** The servers of a client in a workload: `{ host, port }`, `{ path }` or `{ host, port, authority }` each. */
  async for(clientName, place) {
    const servers = await this.#start(SOFTWARE_OF[clientName] ?? 'memcached', place)
    return servers.map(({ close, version, ...address }) => address)
  }

  async close() {
    for (const servers of this.#started.values()) {
      for (const server of await servers) server.close()
    }
    if (this.#folder !== undefined) rmSync(this.#folder.path, { recursive: true, force: true })
  }

  #start(software, place) {
    const name = `${software} ${place}`
    const known = this.#started.get(name)
    if (known !== undefined) return known
    const started = this.#startAll(software, place)
    this.#started.set(name, started)
    return started
  }

  #startAll(software, place) {
    if (software === 'memcached' && place === 'one') return Promise.all([openServer()])
    const count = place === 'eight' ? SEVERAL : 1
    const transport = place === 'unix' || place === 'tls' ? place : 'tcp'
    const folder = this.#openFolder()
    if (transport === 'tls') createCertificate(folder)
    return Promise.all(Array.from({ length: count }, () => startServer(software, transport, folder)))
  }

  /** Where sockets go, and the certificate. */
  #openFolder() {
    this.#folder ??= createFolder()
    return this.#folder
  }
}

function createFolder() {
  const path = mkdtempSync(join(tmpdir(), 'memlane-bench-'))
  process.once('exit', () => rmSync(path, { recursive: true, force: true }))
  return { path, certificate: join(path, 'server.crt'), key: join(path, 'server.key') }
}

/** A certificate for loopback that is signed by itself, so it is its own authority. */
function createCertificate({ certificate, key }) {
  if (existsSync(certificate)) return
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
  execFileSync('openssl', ['req', '-x509', ...newKey, '-out', certificate, '-days', '2', ...subject], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}
