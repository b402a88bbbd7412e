/** Names of options here, by the names that other clients give them. */
const FOREIGN_NAMES: Readonly<Record<string, string>> = namesOf({
  'cluster: { failover }': 'failover remove failOverServers',
  'cluster: { distribution }': 'distribution algorithm compatibility',
  'retry: { attempts, delayMs }': 'retries retryDelay retryAttempts',
  'keyPrefix, or namespace() of the client': 'namespace prefix keyspace',
  "longKeys: 'hash'": 'maxKeySize keyCompression hashLargeKey',
  'auth: { username, password }': 'username password sasl',
  'the first argument, a list of servers': 'server servers nodes',
  defaultTtl: 'expires lifetime ttl',
  connectionsPerServer: 'poolSize maxConnections maxPoolSize',
  timeoutMs: 'cmdTimeout timeout',
  "failures: 'missReads'": 'ignoreExc ignoreErrors silent',
  'noreply, an object of the client with the quiet calls': 'defaultNoreply',
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
  const name = camelCase(option)
  return Object.hasOwn(FOREIGN_NAMES, name) ? FOREIGN_NAMES[name] : undefined
}

/** Writes `connect_timeout` as `connectTimeout`: Python's clients have such names. */
export function camelCase(option: string): string {
  return option.replaceAll(/_(\w)/g, (_underscore, letter: string) => letter.toUpperCase())
}

/** Names of options of calls here, by the names that other clients give them. */
const FOREIGN_CALL_NAMES: Readonly<Record<string, string>> = namesOf({
  'ttl, in seconds': 'expire expires expiry exptime expiration expiresIn lifetime ttlMs maxAge ex',
  'timeoutMs, in milliseconds': 'timeout',
  clientFlags: 'flags',
})

/** Returns what an option of another client's call is called here, if the call has it. */
export function foreignCallName(option: string, names: Readonly<Record<string, true>>): string | undefined {
  const name = camelCase(option)
  const known = Object.hasOwn(FOREIGN_CALL_NAMES, name) ? FOREIGN_CALL_NAMES[name] : undefined
  return known !== undefined && Object.hasOwn(names, /^\w+/.exec(known)![0]) ? known : undefined
}
