import { execFileSync, spawn } from 'node:child_process'
import { createServer, connect as dial } from 'node:net'
import { setTimeout } from 'node:timers/promises'

const MEMORY_MEGABYTES = 512
const START_ATTEMPTS = 100

/** A memcached for this run alone, or the one that `MEMCACHED=host:port` names. */
export async function openServer() {
  const named = process.env.MEMCACHED
  if (named !== undefined)
    return { ...parseAddress(named), version: await readVersion(parseAddress(named)), close() {} }
  assertInstalled()
  const address = { host: '127.0.0.1', port: await freePort() }
  const child = spawn('memcached', serverArguments(address), { stdio: ['ignore', 'ignore', 'inherit'] })
  const close = () => {
    child.off('exit', failLoudly)
    child.kill()
  }
  child.once('exit', failLoudly)
  process.once('exit', close)
  // Without a handler a signal ends this process and leaves the server behind.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
  return { ...address, version: await readVersion(address), close }
}

/** Figures taken against a server that has ended mean nothing. */
function failLoudly(code, signal) {
  console.error(`memcached ended in the middle of the run (${signal ?? `exit code ${code}`}); nothing is reported`)
  process.exit(1)
}

function serverArguments({ host, port }) {
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : []
  return ['-t', '1', '-U', '0', '-m', String(MEMORY_MEGABYTES), '-c', '4096', '-l', host, '-p', String(port), ...user]
}

function assertInstalled() {
  try {
    execFileSync('memcached', ['-V'], { stdio: 'ignore' })
  } catch {
    throw new Error('memcached is not installed (Debian: apt-get install memcached); or name one: MEMCACHED=host:port')
  }
}

function parseAddress(text) {
  const [, host, port] = /^(.+):(\d+)$/.exec(text) ?? []
  if (host === undefined) throw new Error(`MEMCACHED must be host:port, not "${text}"`)
  return { host, port: Number(port) }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function readVersion(address) {
  for (let attempt = 1; ; attempt++) {
    try {
      return (await ask(address, 'version', '\r\n')).trim().replace('VERSION ', '')
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error
      await setTimeout(20)
    }
  }
}

/** Connections that the server ever took, this question's own not counted from one call to the next. */
export async function countConnections(address) {
  const stats = await ask(address, 'stats', 'END\r\n')
  return Number(/STAT total_connections (\d+)/.exec(stats)[1])
}

function ask({ host, port }, command, terminator) {
  return new Promise((resolve, reject) => {
    let reply = ''
    const socket = dial(port, host, () => socket.write(`${command}\r\n`))
    socket.once('error', reject)
    socket.on('data', (chunk) => {
      reply += chunk
      if (!reply.endsWith(terminator)) return
      socket.destroy()
      resolve(reply)
    })
  })
}
