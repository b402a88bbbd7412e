// Starts three memcached, unless MEMCACHED names servers, and lets both services use them in turn.
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
  const { status, error } = spawnSync(program, args, { cwd: folder, env, stdio: 'inherit' })
  if (status !== 0) throw error ?? new Error(`${program} ${args.join(' ')} ended with ${status}`)
}

const servers = []
if (process.env.MEMCACHED === undefined) while (servers.length < 3) servers.push(await startMemcached())
const env = { MEMCACHED: servers.map(({ address }) => address).join(','), ...process.env }
try {
  run(python, 'service.py', 'write')
  run(process.execPath, 'service.mjs')
  run(python, 'service.py', 'read')
} finally {
  for (const server of servers) server.stop()
}
