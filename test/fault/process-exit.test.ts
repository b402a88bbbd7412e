import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'tsdown'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { patient } from '../support/memcache-options.ts'
import { startMemcached } from '../support/real-memcached.ts'

interface Ended {
  readonly code: number | null
  readonly output: string
}

/** Runs a program with `Memcache` in scope; a program that does not end by itself is killed. */
async function runProgram(folder: string, address: string, body: string): Promise<Ended> {
  const file = join(folder, `program-${Math.random().toString(36).slice(2)}.mjs`)
  writeFileSync(
    file,
    `import { Memcache } from './memcache.mjs'
    const address = ${JSON.stringify(address)}
    const patient = ${JSON.stringify(patient)}
    ${body}\n`,
  )
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()))
  const killer = setTimeout(() => child.kill('SIGKILL'), 60_000)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(killer)
  return { code, output }
}

describe('a process', () => {
  let folder: string

  beforeAll(async () => {
    folder = join(inject('temporaryFolder'), 'built')
    const entry = { memcache: join(import.meta.dirname, '../../src/client/memcache.ts') }
    await build({
      config: false,
      entry,
      outDir: folder,
      format: 'esm',
      dts: false,
      logLevel: 'silent',
      platform: 'node',
    })
  })

  it('ends by itself with an idle client that was never closed', async () => {
    await using server = await startMemcached()
    const body = `const cache = new Memcache(address, patient); await cache.set('k', 1); console.log(await cache.get('k'))`
    expect(await runProgram(folder, server.address, body)).toEqual({ code: 0, output: '1\n' })
  })

  it('stays while an answer is awaited', async () => {
    await using server = await startMemcached()
    const body = `const cache = new Memcache(address, patient); cache.get('k').then((value) => console.log('answer', value))`
    expect(await runProgram(folder, server.address, body)).toEqual({ code: 0, output: 'answer undefined\n' })
  })

  it('ends by itself after failures, with nothing unhandled', async () => {
    const address = `127.0.0.1:${await freePort()}`
    const body = `const cache = new Memcache(address); await cache.get('k').catch((error) => console.log(error.code))`
    expect(await runProgram(folder, address, body)).toEqual({ code: 0, output: 'MEMLANE_CONNECT\n' })
  })

  it('ends by itself after close and after destroy', async () => {
    await using server = await startMemcached()
    const body = `for (const end of ['close', 'destroy']) {
      const cache = new Memcache(address, { ...patient, keepProcessAlive: true }); await cache.get('k'); await cache[end]()
    }`
    expect(await runProgram(folder, server.address, body)).toEqual({ code: 0, output: '' })
  })

  it('ends by itself when a quiet write was not awaited, and the write arrived', async () => {
    await using server = await startMemcached()
    const body = `const cache = new Memcache(address, patient); void cache.noreply.set('quiet', 'v')`
    expect(await runProgram(folder, server.address, body)).toEqual({ code: 0, output: '' })
    const check = `const cache = new Memcache(address, patient); console.log(await cache.get('quiet'))`
    expect(await runProgram(folder, server.address, check)).toEqual({ code: 0, output: 'v\n' })
  })
})
