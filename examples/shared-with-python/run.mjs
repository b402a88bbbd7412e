// Starts a memcached, unless MEMCACHED names one, and lets both services use it in turn.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

const folder = import.meta.dirname
const python = process.env.PYTHON ?? 'python3'

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy())
  })
}

async function startMemcached() {
  const port = await freePort()
  const asRoot = process.getuid?.() === 0 ? ['-u', 'root'] : []
  const child = spawn('memcached', ['-l', '127.0.0.1', '-p', String(port), ...asRoot], { stdio: 'inherit' })
  await once(child, 'spawn')
  while (!(await accepts(port)) && child.exitCode === null);
  return { address: `127.0.0.1:${port}`, stop: () => child.kill() }
}

function run(program, ...args) {
  const env = { ...process.env, MEMCACHED: memcached.address }
  const { status, error } = spawnSync(program, args, { cwd: folder, env, stdio: 'inherit' })
  if (status !== 0) throw error ?? new Error(`${program} ${args.join(' ')} ended with ${status}`)
}

const address = process.env.MEMCACHED
const memcached = address === undefined ? await startMemcached() : { address, stop() {} }
try {
  run(python, 'service.py', 'write')
  run(process.execPath, 'service.mjs')
  run(python, 'service.py', 'read')
} finally {
  memcached.stop()
}
