/** Names of options here, by the names that other clients give them. */
const FOREIGN_NAMES: Readonly<Record<string, string>> = namesOf({
  'cluster: { failover }': 'failover remove failOverServers',
  'cluster: { distribution }': 'distribution algorithm compatibility',
  'retry: { attempts, delayMs }': 'retries retryDelay retry_delay',
  'keyPrefix, or namespace() of the client': 'namespace prefix',
  "longKeys: 'hash'": 'maxKeySize keyCompression hashLargeKey',
  'auth: { username, password }': 'username password sasl',
  'the first argument, a list of servers': 'server servers nodes',
  defaultTtl: 'expires lifetime ttl',
  connectionsPerServer: 'poolSize maxConnections',
  timeoutMs: 'cmdTimeout',
  connectTimeoutMs: 'conntimeout',
  maxItemBytes: 'maxValue maxValueSize',
  maxPending: 'maxQueueSize',
  serde: 'serializer',
  compression: 'compressor',
})

function namesOf(table: Readonly<Record<string, string>>): Record<string, string> {
  const names = Object.entries(table).flatMap(([name, foreign]) => foreign.split(' ').map((each) => [each, name]))
  return Object.fromEntries(names) as Record<string, string>
}

/** Returns what an option of another client is called here; undefined where there is none. */
export function foreignName(option: string): string | undefined {
  return Object.hasOwn(FOREIGN_NAMES, option) ? FOREIGN_NAMES[option] : undefined
}
