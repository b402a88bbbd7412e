import { Buffer } from 'node:buffer'
import type { MemjsClient, MemjsImplementation } from './memjs-classes.ts'

/** A call: what the transcript calls it, the method, its arguments. */
type Probe = readonly [label: string, method: string, ...args: unknown[]]

/** Calls that come one after the other, on an empty server; each as a promise and with a callback. */
function probes(): readonly Probe[] {
  const past = 2_592_001
  return [
    ['get, a miss', 'get', 'nope'],
    ['set text', 'set', 'text', 'ü', { expires: 100 }],
    ['get text', 'get', 'text'],
    ['set a Buffer', 'set', 'buffer', Buffer.from([0, 255, 10]), {}],
    ['get a Buffer', 'get', 'buffer'],
    ['set the empty text', 'set', 'empty', '', {}],
    ['get the empty text', 'get', 'empty'],
    ['set a number', 'set', 'number', 5, {}],
    ['set an object', 'set', 'object', {}, {}],
    ['set a list', 'set', 'list', [1, 300], {}],
    ['get the list', 'get', 'list'],
    ['set null', 'set', 'null', null, {}],
    ['set a lone surrogate', 'set', 'surrogate', 'a\ud800', {}],
    ['get the lone surrogate', 'get', 'surrogate'],
    ['set, the options are null', 'set', 'bare', 'x', null],
    ['set, the options are empty', 'set', 'plain', 'x', {}],
    ['add, an item is there', 'add', 'text', 'x', {}],
    ['add, none is there', 'add', 'new', 'x', {}],
    ['replace, an item is there', 'replace', 'text', 'y', {}],
    ['replace, none is there', 'replace', 'nope', 'y', {}],
    ['append', 'append', 'text', 'Z'],
    ['append, none is there', 'append', 'nope', 'Z'],
    ['append a number', 'append', 'text', 5],
    ['get what was extended', 'get', 'text'],
    ['prepend', 'prepend', 'text', 'A'],
    ['prepend, none is there', 'prepend', 'nope', 'A'],
    ['get what prepend made', 'get', 'text'],
    ['touch', 'touch', 'text', 100],
    ['touch, a miss', 'touch', 'nope', 100],
    ['delete', 'delete', 'text'],
    ['delete, a miss', 'delete', 'text'],
    ['increment, none is there', 'increment', 'counter', 5, {}],
    ['increment', 'increment', 'counter', 5, {}],
    ['increment with initial', 'increment', 'initial', 5, { initial: 7, expires: 100 }],
    ['increment, the options are null', 'increment', 'bare-counter', 5, null],
    ['get the counter', 'get', 'counter'],
    ['decrement', 'decrement', 'initial', 3, {}],
    ['decrement below 0', 'decrement', 'initial', 100, {}],
    ['increment of text', 'increment', 'buffer', 1, {}],
    ['decrement of text', 'decrement', 'buffer', 1, {}],
    ['increment by a fraction', 'increment', 'counter', 1.5, {}],
    ['increment by text', 'increment', 'counter', '2', {}],
    ['increment by a negative number', 'increment', 'counter', -1, {}],
    ['increment by 2^32', 'increment', 'counter', 2 ** 32, {}],
    ['set 2^32', 'set', 'big', '4294967296', {}],
    ['increment 2^32', 'increment', 'big', 1, {}],
    ['set, expires is a fraction', 'set', 'fraction', 'x', { expires: 1.5 }],
    ['set, expires is text', 'set', 'text', 'x', { expires: '100' }],
    ['set, expires is negative', 'set', 'text', 'x', { expires: -1 }],
    ['set, expires is a unix time that has passed', 'set', 'text', 'x', { expires: past }],
    ['get after it', 'get', 'text'],
    ['add, the unix time has passed', 'add', 'gone', 'x', { expires: past }],
    ['replace, the unix time has passed', 'replace', 'gone', 'x', { expires: past }],
    ['touch, the unix time has passed', 'touch', 'plain', past],
    ['get after that', 'get', 'plain'],
    ['set, expires is a unix time', 'set', 'text', 'x', { expires: Math.floor(Date.now() / 1000) + 3_000_000 }],
    ['get after this', 'get', 'text'],
    ['set beyond 1 MiB', 'set', 'huge', 'x'.repeat(1_048_577), {}],
    ['add beyond 1 MiB', 'add', 'huge', 'x'.repeat(1_048_577), {}],
    ['get, the key has 250 bytes', 'get', 'k'.repeat(250)],
    ['get, the key is UTF-8', 'get', 'ключ'],
    ['flush', 'flush'],
    ['get after flush', 'get', 'text'],
  ]
}

/** Runs all calls, as promises and then with callbacks, and gives a line for each. */
export async function transcribeMemjs({ create }: MemjsImplementation, address: string): Promise<string[]> {
  const lines: string[] = []
  let logged: string[] = []
  const log = (...args: unknown[]): void => void logged.push(String(args[0]))
  const client = create(address, { logger: { log }, timeout: 60 })
  for (const how of ['promise', 'callback'] as const) {
    lines.push(`${how}:`)
    for (const [label, method, ...args] of probes()) {
      const outcome = how === 'promise' ? await promised(client, method, args) : await calledBack(client, method, args)
      const also = logged.length === 0 ? '' : `, logged: ${logged.join(', ')}`
      lines.push(`${label}: ${outcome.replaceAll(address, 'SERVER')}${also.replaceAll(address, 'SERVER')}`)
      logged = []
    }
    await promised(client, 'flush', [])
  }
  lines.push(...(await oldForms(client, address)), `close: ${String(client.call('close'))}`)
  return lines
}

async function oldForms(client: MemjsClient, address: string): Promise<string[]> {
  const [stats] = await statsOf(client, 'stats')
  const [settings] = await statsOf(client, 'statsWithKey', 'settings')
  const [reset] = await statsOf(client, 'resetStats')
  const lines = [
    `set(key, value, callback): ${await calledBack(client, 'set', ['old', 'x'])}`,
    `set(key, value, expires, callback): ${await calledBack(client, 'set', ['old', 'x', 100])}`,
    `add(key, value, callback): ${await calledBack(client, 'add', ['old2', 'x'])}`,
    `increment(key, amount, callback): ${await calledBack(client, 'increment', ['old3', 1])}`,
    // A callback that never comes: another command has its answer meanwhile.
    `touch(key, callback): ${await Promise.race([calledBack(client, 'touch', ['old']), noCallback(client)])}`,
    `get(key, null): ${String(client.call('get', 'old', null))}`,
    `stats: ${stats}`,
    `statsWithKey: ${settings}`,
    `resetStats: ${reset}`,
    `quit: ${String(client.call('quit'))}`,
  ]
  return lines.map((line) => line.replaceAll(address, 'SERVER'))
}

async function noCallback(client: MemjsClient): Promise<string> {
  for (let at = 0; at < 3; at++) await client.call('get', 'nope')
  return 'no callback'
}

/** What the callback gets for the only server. */
function statsOf(client: MemjsClient, method: string, ...args: unknown[]): Promise<[string]> {
  return new Promise((resolve) => {
    client.call(method, ...args, (error: unknown, server: string, stats: Record<string, string>) => {
      const { pid, maxbytes } = stats
      resolve([`${show(error)}, ${server}, pid: ${typeof pid}, maxbytes: ${typeof maxbytes}`])
    })
  })
}

async function promised(client: MemjsClient, method: string, args: readonly unknown[]): Promise<string> {
  try {
    const returned = client.call(method, ...args)
    return `${returned instanceof Promise ? 'resolves' : 'returns'} ${show(await returned)}`
  } catch (error) {
    return `rejects ${show(error)}`
  }
}

async function calledBack(client: MemjsClient, method: string, args: readonly unknown[]): Promise<string> {
  return await new Promise((resolve) => {
    let isSync = true
    try {
      const returned = client.call(method, ...args, (...values: unknown[]) => {
        const when = isSync ? 'at once, ' : ''
        resolve(`${when}(${values.map(show).join(', ')}), returned ${String(returned)}`)
      })
    } catch (error) {
      resolve(`throws ${show(error)}`)
    }
    isSync = false
  })
}

function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}(${JSON.stringify(value.message.slice(0, 80))})`
  if (Buffer.isBuffer(value)) return `Buffer(${value.toString('hex')})`
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  const members = Object.entries(value).map(([name, member]) => `${name}: ${show(member)}`)
  return `{ ${members.join(', ')} }`
}
