// A program that was written for the types of memjs. It is only compiled: with theirs, and with those of the shim.
import {
  Client,
  type ClientOptions,
  type InsertOptions,
  type Logger,
  type Serializer,
  Server,
  type ServerOptions,
} from 'memjs'

const logger: Logger = { log: (...args) => console.log(args.length) }
const serverOptions: ServerOptions = {
  username: 'u',
  password: 'p',
  timeout: 1,
  conntimeout: 2,
  keepAlive: true,
  keepAliveDelay: 30,
}
const options: ClientOptions = { failover: true, failoverTime: 60, retries: 2, retry_delay: 0.2, expires: 10, logger }

const json: Serializer<object, object | null> = {
  serialize: (_opcode, value, extras) => ({ value: JSON.stringify(value), extras }),
  deserialize: (_opcode, value, extras) => ({
    value: value === null ? null : (JSON.parse(value.toString()) as object),
    extras,
  }),
}

export const client: Client = Client.create('a:11211,b:11211', { ...options, ...serverOptions })
export const objects: Client<object, object | null> = Client.create<object, object | null>(undefined, {
  serializer: json,
})
export const made: Client = new Client(
  [new Server('a', 11211), new Server('b', 11211, 'u', 'p', serverOptions)],
  options,
)

export async function run(end: InsertOptions): Promise<void> {
  const { value, flags } = await client.get('key')
  const text: string | undefined = value?.toString()
  const bits: Buffer | null = flags
  const stored: boolean = await client.set('key', text ?? 'x', end)
  await client.set('key', Buffer.from('x'))
  await client.add('key', 'x', { expires: 1 })
  await client.replace('key', 'x', {})
  await client.delete('key')
  const { success, value: count } = await client.increment('n', 1, { initial: 3, expires: 5 })
  const total: number = (count ?? 0) + ((await client.decrement('n', 1)).value ?? 0)
  await client.append('key', 'x')
  await client.prepend('key', 'x')
  await client.touch('key', 10)
  await client.touch('key')
  const flushed: Record<string, boolean> = await client.flush()
  const found: object | null = (await objects.get('key')).value
  await objects.set('key', { found, stored, success, total, bits, flushed })
}

export function callBack(): void {
  client.get('key', (err, value, flags) => void [err?.message, value?.length, flags?.length])
  client.set('key', 'x', (err, success) => void [err?.message, success])
  client.set('key', 'x', { expires: 1 }, (err, success) => void [err?.message, success])
  client.add('key', 'x', {}, (err: Error | null, success: boolean | null) => void [err, success])
  client.replace('key', 'x', {}, () => {})
  client.delete('key', (_err, success) => void success)
  client.increment('n', 1, (_err, _success, value) => void value?.toFixed())
  client.decrement('n', 1, { initial: 1 }, (_err, _success, value) => void value?.toFixed())
  client.append('key', 'x', () => {})
  client.prepend('key', 'x', () => {})
  client.touch('key', () => {})
  client.touch('key', 10, () => {})
  client.flush((err, results) => void [err?.message, results['a:11211']])
  client.stats((_err, server, stats) => void [server.length, stats?.['pid']])
  client.statsWithKey('settings', (_err, server, stats) => void [server, stats])
  client.resetStats()
  client.quit()
  client.close()
  const { host, port, username, password } = client.servers[0]!
  void [host, port, username, password, client.options.retries, client.serializer, client.server('key')?.toString()]
  const index: string = client.getServer('key')
  client.getServer = () => index
}
