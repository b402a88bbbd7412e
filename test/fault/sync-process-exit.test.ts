import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'tsdown'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { startMemcached } from '../support/real-memcached.ts'

interface Ended {
  readonly code: number | null
  readonly output: string
}

let folder: string

beforeAll(async () => {
  folder = join(inject('temporaryFolder'), 'built-sync')
  const options = { config: false, format: 'esm', dts: false, logLevel: 'silent', platform: 'node' } as const
  const source = join(import.meta.dirname, '../../src')
  for (const [name, entry] of [
    ['sync', 'exports/sync.ts'],
    ['sync-worker', 'sync/sync-worker.ts'],
    ['freeze', '../test/fault/sync-freeze.ts'],
  ] as const) {
    await build({ ...options, entry: { [name]: join(source, entry) }, outDir: folder, clean: false })
  }
})

/** Runs a program; one that does not end by itself is killed, and then has no exit code. */
async function runProgram(address: string, body: string): Promise<Ended> {
  const file = join(folder, `program-${Math.random().toString(36).slice(2)}.mjs`)
  const head = `import { MemcacheSync } from './sync.mjs'\nimport { freeze } from './freeze.mjs'\nconst address = ${JSON.stringify(address)}\n`
  writeFileSync(file, `${head}const cache = new MemcacheSync(address, { timeoutMs: 500 })\n${body}\n`)
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()))
  const killer = setTimeout(() => child.kill('SIGKILL'), 15_000)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(killer)
  return { code, output }
}

describe('a process with a synchronous client', () => {
  it('ends by itself when the client was never used', async () => {
    expect(await runProgram('127.0.0.1:1', '')).toEqual({ code: 0, output: '' })
  })

  it('ends by itself when the client was never closed', async () => {
    await using server = await startMemcached()
    const body = `cache.set('k', 1); for (let at = 0; at < 9; at++) cache.get('k'); console.log(cache.get('k'))`
    expect(await runProgram(server.address, body)).toEqual({ code: 0, output: '1\n' })
  })

  it('ends by itself after close and after destroy', async () => {
    await using server = await startMemcached()
    const body = `cache.get('k'); cache.close(); const other = new MemcacheSync(address); other.get('k'); other.destroy()`
    expect(await runProgram(server.address, body)).toEqual({ code: 0, output: '' })
  })

  it('has no thread, port or socket left after close', async () => {
    await using server = await startMemcached()
    const body = `for (let at = 0; at < 3; at++) cache.set('k', at)
      cache.close()
      const timer = setInterval(() => {
        // The timer's own, and the standard streams.
        if (process.getActiveResourcesInfo().some((name) => name !== 'Timeout' && name !== 'PipeWrap')) return
        clearInterval(timer)
        console.log('nothing')
      })`
    expect(await runProgram(server.address, body)).toEqual({ code: 0, output: 'nothing\n' })
  })

  it('ends by itself after failures, with nothing unhandled', async () => {
    const body = `try { cache.get('k') } catch (error) { console.log(error.code) }`
    expect(await runProgram(`127.0.0.1:${await freePort()}`, body)).toEqual({ code: 0, output: 'MEMLANE_CONNECT\n' })
  })

  it('ends at once by process.exit, in the middle of everything', async () => {
    await using server = await startMemcached()
    const body = `cache.getOrSet('k', () => process.exit(3))`
    expect(await runProgram(server.address, body)).toEqual({ code: 3, output: '' })
  })

  it('ends while a reply is still due', async () => {
    await using server = await startMemcached()
    const body = `cache.set('k', 1); cache.get('k'); freeze(${server.pid})
      try { cache.get('k') } catch (error) { console.log(error.code) }`
    expect(await runProgram(server.address, body)).toEqual({ code: 0, output: 'MEMLANE_TIMEOUT\n' })
    process.kill(server.pid, 'SIGCONT')
  })
})
