import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { bundle } from '../../support/bundle.ts'

/** Runs a client in a process of its own; prints what its calls gave, the events that it saw, and what was not caught. */
function program(address: string, throwing: string): string {
  return `
import { channel, tracingChannel } from 'node:diagnostics_channel'
import { Memcache } from './memlane.mjs'
const uncaught = []
process.on('uncaughtException', (error) => uncaught.push(error.message))
const events = {}
for (const name of ['command', 'batch', 'connect', 'load']) {
  for (const event of ['start', 'end', 'asyncStart', 'asyncEnd', 'error']) {
    channel('tracing:memlane:' + name + ':' + event).subscribe((context) => {
      if (event === 'start' && '${throwing}' === 'freeze') Object.freeze(context)
      const key = name + ':' + event
      events[key] = (events[key] ?? 0) + 1
      if (event === '${throwing}') throw new Error('by a subscriber')
    })
  }
}
channel('memlane:connection:ready').subscribe(() => {
  if ('${throwing}' !== '') throw new Error('by a subscriber')
})
const cache = new Memcache('${address}', { timeoutMs: 60_000, connectTimeoutMs: 60_000 })
const results = await Promise.allSettled([
  cache.set('a', 1),
  cache.get('a'),
  cache.getMany(['a', 'b']).then((found) => [...found]),
  cache.getOrSet('c', () => 3),
  cache.incr('text', -1),
  cache.get(''),
])
await cache.close()
// Node throws what subscribers threw in a turn of its own.
for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
const shown = results.map(({ value, reason }) => (reason === undefined ? value : reason.code))
// The number of writes depends on the time.
const writes = ['start', 'end', 'asyncStart', 'asyncEnd'].map((event) => {
  const count = events['batch:' + event]
  delete events['batch:' + event]
  return count
})
events.areWritesEven = new Set(writes).size === 1
console.log(JSON.stringify({ shown, events, thrown: [...new Set(uncaught)] }))
`
}

async function run(throwing: string): Promise<{ shown: unknown; events: unknown; thrown: unknown }> {
  const server = await MemcachedServer.start()
  onTestFinished(() => server.close())
  const folder = await mkdtemp(join(tmpdir(), 'memlane-throwing-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'memlane.mjs'), (await bundle('index')).code)
  await writeFile(join(folder, 'program.mjs'), program(server.address, throwing))
  const child = spawn(process.execPath, [join(folder, 'program.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString()
  })
  await once(child, 'close')
  return JSON.parse(output) as { shown: unknown; events: unknown; thrown: unknown }
}

it('a subscriber that throws changes neither a call nor what others are told', async () => {
  const { shown, events } = await run('')
  expect(shown).toEqual([true, 1, [['a', 1]], 3, 'MEMLANE_INVALID_INPUT', 'MEMLANE_INVALID_INPUT'])
  for (const throwing of ['start', 'end', 'asyncStart', 'asyncEnd', 'error']) {
    expect(await run(throwing)).toEqual({ shown, events, thrown: ['by a subscriber'] })
  }
})

it('a subscriber that freezes contexts changes neither a call nor what others are told', async () => {
  const { shown, events } = await run('')
  expect(await run('freeze')).toMatchObject({ shown, events })
})
