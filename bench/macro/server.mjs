import { execFileSync, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createServer, connect as dial } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { connect as dialTls } from 'node:tls'

const MEMORY_MEGABYTES = 512
const MEMORY_BYTES = MEMORY_MEGABYTES * 2 ** 20
const START_ATTEMPTS = 100
const HOST = '127.0.0.1'

/** The programs of servers, and how each is asked for its version. `MEMCACHED_PROGRAM` names another memcached. */
const SOFTWARE = {
  memcached: {
    programs: [process.env.MEMCACHED_PROGRAM ?? 'memcached'],
    arguments: memcachedArguments,
    question: 'version',
    terminator: '\r\n',
    version: /^VERSION (\S+)/,
  },
  redis: {
    programs: ['redis-server', 'valkey-server'],
    arguments: redisArguments,
    question: 'INFO server',
    terminator: '\r\n\r\n',
    version: /redis_version:(\S+)/,
  },
}

/**
 * Starts a server of our own on a port that the kernel gives, or on a unix socket, and waits until it answers.
 *
 * @param software - `memcached` or `redis`.
 * @param transport - `tcp`, `unix` or `tls`.
 * @param folder - Where the socket goes, and where the certificate lies: `{ path, certificate, key }`.
 */
export async function startServer(software, transport, folder) {
  const { programs, arguments: argumentsOf } = SOFTWARE[software]
  const program = programs.find(isInstalled)
  if (program === undefined) throw new Error(missingMessage(software))
  const address = await freeAddress(software, transport, folder)
  const child = spawn(program, argumentsOf(address, folder), { stdio: ['ignore', 'ignore', 'inherit'] })
  const close = closer(child, software, address)
  return { ...address, version: await readVersion(software, address), close }
}

/** A memcached for this run alone, or the one that `MEMCACHED=host:port` names. */
export async function openServer() {
  const named = process.env.MEMCACHED
  return named === undefined ? startServer('memcached', 'tcp', {}) : findServer(named)
}

async function findServer(text) {
  const [, host, port] = /^(.+):(\d+)$/.exec(text) ?? []
  if (host === undefined) throw new Error(`MEMCACHED must be host:port, not "${text}"`)
  const address = { host, port: Number(port) }
  return { ...address, version: await readVersion('memcached', address), close() {} }
}

/** Whether a server of this software can be started here. */
export function canStart(software) {
  return SOFTWARE[software].programs.some(isInstalled)
}

/** Connections that the server ever took, this question's own not counted from one call to the next. */
export async function countConnections(address) {
  const stats = await ask(address, 'stats', 'END\r\n')
  return Number(/STAT total_connections (\d+)/.exec(stats)[1])
}

const running = new Set()

process.once('exit', () => {
  for (const close of running) close()
})
// Without a handler a signal ends this process and leaves the servers behind.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

function closer(child, software, { path }) {
  const failLoudly = (code, signal) => {
    // Figures taken against a server that has ended mean nothing.
    console.error(`${software} ended in the middle of the run (${signal ?? `exit code ${code}`}); nothing is reported`)
    process.exit(1)
  }
  const close = () => {
    running.delete(close)
    child.off('exit', failLoudly)
    child.kill()
    if (path !== undefined) rmSync(path, { force: true })
  }
  running.add(close)
  child.once('exit', failLoudly)
  return close
}

async function freeAddress(software, transport, { path, certificate }) {
  switch (transport) {
    case 'unix':
      return { path: join(path, `${software}.sock`) }
    case 'tls':
      return { host: HOST, port: await freePort(), authority: certificate }
  }
  return { host: HOST, port: await freePort() }
}

function memcachedArguments({ host, port, path, authority }, { certificate, key }) {
  const place = path === undefined ? ['-l', host, '-p', String(port)] : ['-s', path]
  const tls = authority === undefined ? [] : ['-Z', '-o', `ssl_chain_cert=${certificate},ssl_key=${key}`]
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : []
  return ['-t', '1', '-U', '0', '-m', String(MEMORY_MEGABYTES), '-c', '4096', ...place, ...tls, ...user]
}

/** Nothing on disk; keys are evicted as memcached evicts them. */
function redisArguments({ host, port, path, authority }, { certificate, key }) {
  const place = path === undefined ? ['--bind', host] : ['--unixsocket', path]
  const ports = authority === undefined ? ['--port', String(port ?? 0)] : ['--port', '0', '--tls-port', String(port)]
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', authority]
  const tls = authority === undefined ? [] : [...files, '--tls-auth-clients', 'no']
  const memory = ['--maxmemory', String(MEMORY_BYTES), '--maxmemory-policy', 'allkeys-lru']
  return [...place, ...ports, ...tls, ...memory, '--save', '', '--appendonly', 'no']
}

function isInstalled(program) {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function missingMessage(software) {
  return `${software} is not installed (Debian: apt-get install ${software === 'redis' ? 'redis-server' : software})`
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, HOST, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function readVersion(software, address) {
  const { question, terminator, version } = SOFTWARE[software]
  for (let attempt = 1; ; attempt++) {
    try {
      return version.exec((await ask(address, question, terminator)).replace(/^\$\d+\r\n/, ''))?.[1] ?? 'unknown'
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error
      await setTimeout(20)
    }
  }
}

function ask({ authority, ...address }, command, terminator) {
  return new Promise((resolve, reject) => {
    let reply = ''
    const write = () => socket.write(`${command}\r\n`)
    const socket =
      authority === undefined ? dial(address, write) : dialTls({ ...address, rejectUnauthorized: false }, write)
    socket.once('error', reject)
    socket.on('data', (chunk) => {
      reply += chunk
      if (!reply.endsWith(terminator)) return
      socket.destroy()
      resolve(reply)
    })
  })
}
