import { Buffer } from 'node:buffer'
import { callOf } from '../../support/callback-call.ts'
import type { AnyClient, Implementation } from './classes.ts'

/** A call: what the transcript calls it, the method, its arguments. */
type Probe = readonly [label: string, method: string, ...args: unknown[]]

/** Calls that come one after the other, on an empty server. */
function probes(server: string): readonly Probe[] {
  const stored: readonly (readonly [name: string, value: unknown])[] = [
    ['text', 'text'],
    ['empty', ''],
    ['number', 42],
    ['fraction', 1.5],
    ['minus zero', -0],
    ['NaN', Number.NaN],
    ['object', { a: [1, null] }],
    ['null', null],
    ['true', true],
    ['undefined', undefined],
    ['function', () => 1],
    ['bigint', 1n],
    ['Map', new Map([[1, 2]])],
    ['Uint8Array', new Uint8Array([1, 2])],
    ['Buffer', Buffer.from([0, 255, 13, 10, 65])],
    ['CRLF', 'a\r\nb'],
    ['Date', new Date(0)],
    ['umlauts', 'äöü€😀'],
    ['lone surrogate', '\ud800'],
  ]
  const long = 'k'.repeat(300)
  return [
    ['flush', 'flush'],
    ['get, a miss', 'get', 'nope'],
    ...stored.flatMap(([name, value]): Probe[] => [
      [`set ${name}`, 'set', `v:${name.replace(' ', '-')}`, value, 100],
      [`get ${name}`, 'get', `v:${name.replace(' ', '-')}`],
    ]),
    ['add, an item is there', 'add', 'v:text', 'x', 100],
    ['add, none is there', 'add', 'new', 'x', 100],
    ['replace, an item is there', 'replace', 'v:text', 'y', 100],
    ['replace, none is there', 'replace', 'nope', 'y', 100],
    ['append', 'append', 'v:text', 'Z'],
    ['prepend', 'prepend', 'v:text', 'A'],
    ['append, none is there', 'append', 'nope', 'Z'],
    ['prepend, none is there', 'prepend', 'nope', 'Z'],
    ['get what was extended', 'get', 'v:text'],
    ['append to a number', 'append', 'v:number', 'x'],
    ['get the number', 'get', 'v:number'],
    ['set the number again', 'set', 'v:number', 42, 100],
    ['gets', 'gets', 'v:text'],
    ['gets, a miss', 'gets', 'nope'],
    ['cas with an old number', 'cas', 'v:text', 'new', '1', 100],
    ['cas with a number that is none', 'cas', 'v:text', 'new', 'zz', 100],
    ['cas with a Number', 'cas', 'v:text', 'new', 1, 100],
    ['cas, a miss', 'cas', 'nope', 'new', '1', 100],
    ['incr', 'incr', 'v:number', 2],
    ['get after incr', 'get', 'v:number'],
    ['incr, a miss', 'incr', 'nope', 1],
    ['incr of text', 'incr', 'v:text', 1],
    ['decr below 0', 'decr', 'v:number', 100],
    ['get after decr', 'get', 'v:number'],
    ['incr by text', 'incr', 'v:number', '1'],
    ['incr by a negative number', 'incr', 'v:number', -1],
    ['incr by a fraction', 'incr', 'v:number', 1.5],
    ['incr by NaN', 'incr', 'v:number', Number.NaN],
    ['incr by 2^64', 'incr', 'v:number', 2 ** 64],
    ['increment', 'increment', 'v:number', 1],
    ['decrement', 'decrement', 'v:number', 1],
    ['set 2^64-1', 'set', 'big', '18446744073709551615', 100],
    ['incr 2^64-1', 'incr', 'big', 1],
    ['set 2^53+1', 'set', 'big', '9007199254740993', 100],
    ['incr 2^53+1 by 0', 'incr', 'big', 0],
    ['touch', 'touch', 'v:text', 100],
    ['touch, a miss', 'touch', 'nope', 100],
    ['touch with a lifetime below 0', 'touch', 'v:true', -1],
    ['getMulti', 'getMulti', ['v:text', 'v:number', 'nope']],
    ['getMulti, all miss', 'getMulti', ['nope', 'none']],
    ['getMulti with a bad key', 'getMulti', ['a b', 'c']],
    ['getMulti with numbers', 'getMulti', [1, 2]],
    ['getMulti of no keys', 'getMulti', []],
    ['get with a list', 'get', ['v:text', 'v:object']],
    ['del', 'del', 'v:text'],
    ['del, a miss', 'del', 'v:text'],
    ['delete', 'delete', 'v:number'],
    ['set, lifetime 0', 'set', 'x', 'x', 0],
    ['set, lifetime below 0', 'set', 'x', 'x', -1],
    ['get after it', 'get', 'x'],
    ['add, lifetime below 0', 'add', 'x', 'x', -1],
    ['set, lifetime 60 days', 'set', 'x', 'x', 60 * 86_400],
    ['get after that', 'get', 'x'],
    ['set, lifetime is a unix time', 'set', 'x', 'x', Math.floor(Date.now() / 1000) + 60 * 86_400],
    ['get after this', 'get', 'x'],
    ['set, lifetime is text', 'set', 'x', 'x', '10'],
    ['set, lifetime is half a second', 'set', 'half', 'x', 0.5],
    ['set, the key is a number', 'set', 5, 'x', 100],
    ['get, the key is a number', 'get', 5],
    ['get, the key is undefined', 'get', undefined],
    ['get, the key is an object', 'get', {}],
    ['get, the key is empty', 'get', ''],
    ['get, the key has a space', 'get', 'a b'],
    ['get, the key has 251 characters', 'get', 'k'.repeat(251)],
    ['set, the key has 300 characters', 'set', long, 'long', 100],
    ['get, the key has 300 characters', 'get', long],
    ['getMulti, a key has 300 characters', 'getMulti', [long, 'v:object']],
    ['del, the key has 300 characters', 'del', long],
    ['set beyond 1 MiB', 'set', 'huge', 'x'.repeat(1_048_577), 100],
    ['version', 'version'],
    ['stats', 'stats'],
    ['settings', 'settings'],
    ['slabs', 'slabs'],
    ['items', 'items'],
    ['cachedump', 'cachedump', server, 1, 2],
    ['cachedump of an empty class', 'cachedump', server, 40, 2],
    ['cachedump with text', 'cachedump', server, '1', 2],
    ['set before end', 'set', 'last', 'x', 100],
    ['end', 'end'],
    ['get after end', 'get', 'last'],
  ]
}

/** Runs all calls, and gives a line for each. */
export async function transcribe({ Class }: Implementation, address: string): Promise<string[]> {
  const client = new Class(address, { retries: 0, minTimeout: 50 })
  const lines: string[] = []
  for (const probe of probes(address)) lines.push(`${probe[0]}: ${await outcomeOf(client, address, probe)}`)
  client.end()
  return lines
}

async function outcomeOf(client: AnyClient, address: string, [, method, ...args]: Probe): Promise<string> {
  if (method === 'end') return `returns ${String(client.end())}`
  try {
    const called = callOf(client, method, ...args)
    // A callback that never comes: another command has its answer meanwhile.
    const later = async (): Promise<undefined> => void (await callOf(client, 'get', 'nope'))
    const answer = await (Array.isArray(args[0]) && args[0].length === 0 ? Promise.race([called, later()]) : called)
    if (answer === undefined) return 'no callback'
    const how = answer.sync ? 'at once, ' : ''
    return `${how}(${answer.args.map((arg) => show(arg, address)).join(', ')}), this: ${showThis(answer.self, client)}`
  } catch (error) {
    return `throws ${show(error, address)}`
  }
}

/** Fields whose values are not the same each time, or on each version of the server. */
const VARIABLE: Readonly<Record<string, string>> = { cas: 'CAS', key: 'KEY', b: 'BYTES', s: 'TIME' }
/** Statistics that every version has. */
const SHOWN = ['server', 'pid', 'curr_items', 'maxbytes', 'chunk_size', 'number', 'version', 'major', 'minor', 'bugfix']

function show(value: unknown, address: string): string {
  if (value instanceof Error) {
    return `Error(${JSON.stringify(value.message)}${'notStored' in value ? ', notStored' : ''})`
  }
  if (Buffer.isBuffer(value)) return `Buffer(${value.toString('hex')})`
  if (Array.isArray(value)) return `[${value.map((one) => show(one, address)).join(', ')}]`
  if (typeof value === 'object' && value !== null) return showObject(value, address)
  if (typeof value !== 'string') return Object.is(value, -0) ? '-0' : String(value)
  return JSON.stringify(value.replaceAll(address, 'SERVER').slice(0, 60))
}

function showObject(value: object, address: string): string {
  const isAboutServer = 'server' in value
  const entries = Object.entries(value)
    .filter(([name, inner]) => !isAboutServer || SHOWN.includes(name) || (name === '1' && typeof inner === 'object'))
    .map(([name, inner]) => `${name}: ${showField(name, inner, address, isAboutServer)}`)
  return `{ ${entries.join(', ')} }`
}

function showField(name: string, value: unknown, address: string, isAboutServer: boolean): string {
  if (VARIABLE[name] !== undefined) return `${VARIABLE[name]} ${typeof value}`
  if (!isAboutServer || name === 'server') return show(value, address)
  if (typeof value !== 'object' || value === null) return typeof value
  return `{ ${Object.entries(value)
    .filter(([inner]) => SHOWN.includes(inner))
    .map(([inner, one]) => `${inner}: ${typeof one}`)
    .join(', ')} }`
}

function showThis(self: unknown, client: AnyClient): string {
  if (self === undefined) return 'undefined'
  if (self === client) return 'the client'
  if (self === Object.getPrototypeOf(client)) return 'the prototype'
  return `{ ${Object.keys(self as object)
    .toSorted()
    .join(', ')} }`
}
