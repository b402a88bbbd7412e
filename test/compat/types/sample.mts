// A program that was written for the types of memcached. It is only compiled: with theirs, and with those of the shim.
import Memcached from 'memcached'

export const options: Memcached.options = {
  maxKeySize: 200,
  maxExpiration: 100,
  maxValue: 1000,
  poolSize: 3,
  algorithm: 'md5',
  reconnect: 1000,
  timeout: 500,
  retries: 1,
  failures: 3,
  retry: 100,
  remove: true,
  failOverServers: ['b:11211'],
  keyCompression: false,
  idle: 1000,
  namespace: 'app:',
}

const location: Memcached.Location = { 'a:11211': 1, 'b:11211': 2 }
Memcached.config.poolSize = 25

export class Cache extends Memcached {
  constructor(servers: Memcached.Location = location) {
    super(servers, options)
  }

  read<T>(key: string): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.get(key, (err, data) => {
        if (err) reject(err as Error)
        else resolve(data as T | undefined)
      })
    })
  }
}

const client: Memcached = new Cache()

client.get('key', function (err, data) {
  const { execution, start, key, type, command, validate, callback } = this
  const text: string = err?.message ?? data.name.first
  callback(undefined, [execution + start, key?.length, type, command, validate[0]?.[0], text])
})
client.get('key', function (this: Memcached.CommandData, err: Error | undefined, data: { readonly name: string }) {
  void [this.execution.toFixed(1), err?.stack, data.name]
})
client.gets('key', (_err, data) => {
  const value: unknown = data['key']
  client.cas('key', value, data.cas, 10, (_failure, result: boolean) => void result)
})
client.getMulti(['a', 'b'], (_err, data) => void data['a'].anything)
client.set('key', { a: 1 }, 10, (_err, result) => {
  const stored: boolean = result
  void stored
})
client.set('key', Buffer.from('x'), 10, () => {})
client.add('key', 1, 10, function (_err, result) {
  void [this.lifetime?.toFixed(), this.value, this.redundancyEnabled, this.cas, result.valueOf()]
})
client.replace('key', 'x', 10, (err: Error) => void err.message)
client.append('key', 'x', (_err, result) => void result)
client.prepend('key', 'x', (_err, result) => void result)
client.incr('key', 1, (_err, result: number | boolean) => void result)
client.decr('key', 1, (_err, result) => {
  if (typeof result === 'number') void result.toFixed()
})
client.touch('key', 10, (err) => void err)
client.touch('key', 10, function (this: Memcached.CommandData) {})
client.del('key', (_err, result) => void result.valueOf())
client.version((_err, versions) => {
  const { server, version, major, minor, bugfix } = versions[0]!
  void [server?.length, version.length, major, minor, bugfix]
})
client.stats((_err, stats: Memcached.StatusData[]) => void stats[0]?.['curr_items'])
client.settings((_err, settings) => void settings[0]?.server)
client.slabs((_err, slabs) => void slabs.length)
client.items((_err, items) => {
  for (const item of items) for (const [name, value] of Object.entries(item)) void [name, value]
})
client.cachedump('a:11211', 1, 10, (_err, dump: Memcached.CacheDumpData | Memcached.CacheDumpData[]) => {
  for (const { key, b, s } of [dump].flat()) void [key.length, b + s]
})
client.flush((_err, results: boolean[]) => void results)

const report = ({ server, tokens, messages, totalDownTime }: Memcached.IssueData): string =>
  `${server} ${tokens[1]} ${messages.join()} ${totalDownTime ?? 0}`
const names: Memcached.EventNames[] = ['issue', 'failure', 'reconnecting', 'reconnect', 'remove']
for (const name of names) client.on(name, report).on('failure', (details) => void details.failures?.toFixed())
client.once('issue', (details: Memcached.IssueData) => report(details))
client.removeAllListeners('issue').setMaxListeners(0)
client.end()

// @ts-expect-error: a number of seconds
client.set('key', 'x', '10', () => {})
// @ts-expect-error: no such event
client.on('issues', report)
// @ts-expect-error: no such option
export const wrong: Memcached.options = { servers: 'a:11211' }
