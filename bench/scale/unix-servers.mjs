// Servers of the scripts beside this one: in-process servers of memlane on unix sockets, in a process of their own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SELF = fileURLToPath(import.meta.url)

/** Runs something with the paths of so many servers, which end with it. */
export async function withServers(count, run) {
  const folder = mkdtempSync(join(tmpdir(), 'memlane-scale-'))
  const paths = Array.from({ length: count }, (_, index) => join(folder, `${index}.sock`))
  const child = spawn(process.execPath, [SELF], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    child.stdin.write(`${JSON.stringify(paths)}\n`)
    await once(child.stdout, 'data')
    await run(paths)
  } finally {
    child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function serve() {
  const { MemcachedServer } = await import('../../dist/testing.mjs')
  const [line] = await once(process.stdin, 'data')
  await Promise.all(JSON.parse(line).map((path) => MemcachedServer.start({ path })))
  console.log('listening')
}

if (process.argv[1] === SELF) await serve()
