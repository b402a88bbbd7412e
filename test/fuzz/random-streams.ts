import * as fc from 'fast-check'

/** The counters that are exact on a real memcached; others depend on what its background threads have done. */
const COUNTERS =
  'cmd_get cmd_set cmd_flush cmd_touch cmd_meta get_hits get_misses delete_misses delete_hits incr_misses incr_hits decr_misses decr_hits cas_misses cas_hits cas_badval touch_hits touch_misses store_too_large bytes curr_items total_items'.split(
    ' ',
  )

const keys = ['a', 'b', 'pre:a'] as const
const key = fc.constantFrom(...keys)
// No number of 64 bits: 1.6.18 looks for a minus beyond it, in what was in that memory before. The fixed streams have some.
const values = ['', '0', '5', '10', '99', '100', '100000000000000000', '18446744073709551616', 'x', ' 7', '5 ']
const value = fc.constantFrom(...values, 'hello', 'a\r\nb', '\0', 'z'.repeat(300))
const exptime = fc.constantFrom(0, 0, 0, 100, 3000, -1, 2_592_000, 2_592_001)
const clientFlags = fc.constantFrom(0, 0, 0, 5, 65_536, 4_294_967_295)
const number = fc.constantFrom('0', '1', '5', '99', '100000000000000000')
const noreply = fc.constantFrom('', '', '', ' noreply')

/** The parts of a line, one after the other. */
function line(...parts: readonly fc.Arbitrary<string | number>[]): fc.Arbitrary<string> {
  return fc.tuple(...parts).map((words) => `${words.join('')}|`)
}

const space = fc.constant(' ')

const storage = fc
  .tuple(
    fc.constantFrom('set', 'set', 'add', 'replace', 'append', 'prepend', 'cas'),
    key,
    clientFlags,
    exptime,
    value,
    fc.constantFrom('{cas}', '{cas}', '0', '1', '18446744073709551615'),
    noreply,
  )
  .map(([command, name, bits, ttl, data, cas, quiet]) => {
    const compare = command === 'cas' ? ` ${cas}` : ''
    return `${command} ${name} ${bits} ${ttl} ${data.length}${compare}${quiet}|${data}|`
  })

const retrieval = fc.oneof(
  line(fc.constantFrom('get ', 'gets ', `get ${keys.join(' ')} `, 'get c '), key),
  line(fc.constantFrom('gat ', 'gats '), exptime, space, key, fc.constantFrom('', ' a', ' b c')),
)

const update = fc.oneof(
  line(fc.constantFrom('incr ', 'decr '), key, space, number, noreply),
  line(fc.constant('touch '), key, space, exptime, noreply),
  line(fc.constant('delete '), key, noreply),
)

const opaque = fc.constantFrom('O1', 'Oabc', 'k', 'q')

/** Up to some flags, each letter once: a second one is an error, which the fixed streams have. */
function flags(...choices: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  const options = { maxLength: 6, selector: (flag: string) => flag[0] }
  return fc.uniqueArray(fc.oneof(...choices, opaque), options).map((list) => list.map((flag) => ` ${flag}`).join(''))
}

/** A key for a meta command, and its flag if it is in base64. */
const metaKey = fc.constantFrom(...keys.map((name) => [name, ''] as const), ['YQ==', ' b'] as const)
const ttlFlag = (letter: string): fc.Arbitrary<string> => exptime.map((ttl) => `${letter}${ttl}`)
const compareFlag = fc.constantFrom('C{cas}', 'C{cas}', 'C0', 'C1', 'C18446744073709551615')

function metaLine(command: string, words: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(metaKey, words).map(([[name, binary], rest]) => `${command} ${name}${rest}${binary}|`)
}

const metaGet = metaLine(
  'mg',
  flags(
    fc.constantFrom('v', 'c', 'f', 's', 't', 'h', 'l', 'u'),
    ttlFlag('T'),
    ttlFlag('N'),
    fc.constantFrom('R30', 'R200', 'R4000'),
  ),
)

const metaDelete = metaLine('md', flags(fc.constantFrom('I', 'I'), ttlFlag('T'), compareFlag))

const metaArithmetic = metaLine(
  'ma',
  flags(
    fc.constantFrom('v', 'c', 't', 'MI', 'MD', 'M+', 'M-', 'D5', 'D0', 'J10', 'J100000000000000000'),
    ttlFlag('T'),
    ttlFlag('N'),
    compareFlag,
  ),
)

const metaSet = fc
  .tuple(
    metaKey,
    value,
    flags(
      fc.constantFrom('c', 's', 'I', 'MS', 'ME', 'MA', 'MP', 'MR', 'F5', 'F4294967295'),
      ttlFlag('T'),
      ttlFlag('N'),
      compareFlag,
    ),
  )
  .map(([[name, binary], data, words]) => `ms ${name} ${data.length}${words}${binary}|${data}|`)

/** Flags since memcached 1.6.27. */
const explicitCas = fc.oneof(
  metaLine('md', flags(fc.constantFrom('I', 'x', 'E50', 'E0'), ttlFlag('T'), compareFlag)),
  metaLine('ma', flags(fc.constantFrom('v', 'c', 'E50', 'E0', 'D5'), ttlFlag('N'))),
  metaLine('mg', flags(fc.constantFrom('v', 'c', 'E50'), ttlFlag('N'), compareFlag)),
  fc
    .tuple(metaKey, value, flags(fc.constantFrom('c', 's', 'E50', 'E9', 'MA', 'MS'), compareFlag))
    .map(([[name, binary], data, words]) => `ms ${name} ${data.length}${words}${binary}|${data}|`),
)

const other = fc.oneof(
  line(fc.constant('me '), key),
  fc.constantFrom('flush_all|', 'version|', 'verbosity 1|', 'me c|', 'mn|', 'lru tune 10 25 0.1 2.0|'),
  fc.constantFrom('lru_crawler tocrawl 0|', 'cache_memlimit 64|'),
  fc.constantFrom('stats detail on|', 'stats detail off|', 'stats detail foo|', 'stats foo|', 'stats cachedump 1|'),
  fc.constantFrom(
    'foo|',
    'get|',
    'set a|',
    'incr a x|',
    'touch a x|',
    'mg a y|',
    'md a v v|',
    'ma a Dx|',
    'ms a 1 MX|x|',
  ),
)

/** Shows everything that there is, so that nothing stays unseen. */
const lookAtAll = keys.map((name) => `me ${name}|mg ${name} s v f t c h l|me ${name}|`).join('mn|')

/**
 * Steps of commands that a real memcached of this version answers in one way only. An `mn` behind every command: memcached
 * copies an item instead of changing it while a reply with it has not left.
 */
export function randomStream(version: string): fc.Arbitrary<string[]> {
  const since27 = Number(version.split('.')[2]) >= 27
  const meta = [metaGet, metaSet, metaDelete, metaArithmetic, ...(since27 ? [explicitCas] : [])]
  const command = fc.oneof(storage, retrieval, update, other, ...meta, metaGet, metaSet)
  const step = fc.array(command, { minLength: 1, maxLength: 8 }).map((list) => `${list.join('mn|')}mn|`)
  const steps = fc.array(step, { minLength: 1, maxLength: 6 })
  return steps.map((list) => ['stats detail off|stats reset|', ...list, lookAtAll, 'stats|stats detail dump|'])
}

/** The counters of a reply to `stats`. */
export function readCounters(reply: string): Record<string, string> {
  const all = new Map([...reply.matchAll(/^STAT (\S+) (.*)\r$/gm)].map((match) => [match[1]!, match[2]!]))
  return Object.fromEntries(COUNTERS.map((name) => [name, all.get(name) ?? 'missing']))
}

const words = `
  get gets gat gats set add cas append replace delete incr decr touch mg ms md ma me mn version verbosity flush_all lru
  lru_crawler stats cache_memlimit foo a b YQ== 0 1 -1 5 1x 007 noreply detail det on tune enable
  sleep flat 0.5 all v c q k b O1 T5 N5 MA M C1 F5 Fx Dx I s y S5 x`
  .trim()
  .split(/\s+/)

/**
 * Lines of words that hardly ever make sense, all in one write: how they are refused, and where the
 * stream goes on. The end is long enough to be the value that the last line may have announced.
 */
export const randomLines: fc.Arbitrary<string> = fc
  .array(fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 })
  .map((lines) => `${lines.map((list) => `${list.join(' ')}|`).join('')}mn|mn|mn|mn|`)
  // What these answer is not the same on every server, or depends on the time.
  .filter((stream) => !/lru_crawler [cm]|stats\||flush_all [1-9]/.test(stream))

const NUMBERS = ['0', '1', '2', '5', '63', '-1', '+1', '1x', 'x', '007', '4294967297', '99999999999999999999', '']
const DECIMALS = ['0', '0.5', '.5', '1.', '-1', '+2', '1e-1', '1e400', 'nan', 'inf', '0x10', '0.5x', 'x', '']

const adminNumber = fc.constantFrom(...NUMBERS)
const adminDecimal = fc.constantFrom(...DECIMALS)

function adminNumberFrom(without: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...NUMBERS.filter((spelled) => !without.includes(spelled)))
}

/** Words after each other, the empty ones left out, sometimes with more behind them. */
function sentence(...parts: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> {
  const arbitraries = parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))
  const rest = fc.constantFrom('', '', '', '', 'noreply', '5', 'x', '5 noreply')
  return fc.tuple(...arbitraries, rest).map((list) => list.filter((word) => word !== '').join(' '))
}

const administrative = fc.oneof(
  // memcached 1.6.38 dies of the class -1 as a source, and of 0 as a window.
  sentence('slabs', fc.constantFrom('reassign', 'reassign', 'reassi'), adminNumberFrom(['-1']), adminNumber),
  sentence('slabs', fc.constantFrom('automove', 'automove', 'auto', 'foo'), adminNumber),
  sentence('slabs automove', fc.constantFrom('ratio', 'freeratio', 'rat', 'free'), adminDecimal),
  sentence('slabs automove', fc.constantFrom('window', 'win'), adminNumberFrom(['0'])),
  sentence('lru', fc.constantFrom('mode', 'mod', 'foo'), fc.constantFrom('flat', 'segmented', 'seg', 'foo', '')),
  sentence('lru', fc.constantFrom('tune', 'tu'), adminNumber, adminNumber, adminDecimal, adminDecimal),
  sentence('lru', fc.constantFrom('temp_ttl', 'temp'), adminNumber),
  sentence('lru_crawler', fc.constantFrom('sleep', 'tocrawl', 'sle', 'foo', ''), adminNumber),
  sentence('lru_crawler enable'),
  sentence('lru_crawler crawl', fc.constantFrom('x', '0', '64', '1,x', '')),
  sentence('verbosity', adminNumber),
  sentence('cache_memlimit', fc.constantFrom('64', '7', '8', '1000000001', 'x', '-1', '+64', '64x', '')),
  sentence('stats', fc.constantFrom('foo', 'detail', 'detail on', 'detail of', 'cachedump', 'cachedump 63', 'reset')),
  sentence('flush_all', adminNumber),
  sentence('shutdown', fc.constantFrom('', 'graceful', 'foo')),
  sentence('refresh_certs'),
  sentence('watch', fc.constantFrom('foo', 'foo fetchers')),
  sentence(fc.constantFrom('misbehave', 'debug', 'version', 'extstore', 'extstore foo', 'slabs', 'lru')),
  sentence('extstore', fc.constantFrom('item_size', 'max_sleep', 'drop_under', 'item_s'), adminNumber),
  sentence('extstore', fc.constantFrom('max_frag', 'free_memchunks 5', 'free_memchunks 64'), adminDecimal),
)

/** Puts back what administrative commands set. */
const PUT_BACK =
  'slabs automove 1|slabs automove ratio 0.8|slabs automove window 10|slabs automove freeratio 0.01|lru mode segmented|lru tune 20 40 0.2 2.0|lru temp_ttl -1|lru_crawler sleep 100|lru_crawler tocrawl 0|verbosity 0|cache_memlimit 64|stats detail off|extstore item_size 512|extstore max_sleep 1000000|extstore drop_under 0|extstore max_frag 0.8|'

/** Administrative commands with good and bad arguments, and the settings afterwards. */
export const randomAdministration: fc.Arbitrary<string> = fc
  .array(administrative, { minLength: 1, maxLength: 8 })
  .map((list) => `${PUT_BACK}${list.map((command) => `${command}|mn|`).join('')}stats settings|`)

const SETTINGS =
  /^STAT (?:maxbytes|ext_item_size|ext_max\w+|ext_drop\w+|verbosity|detail_enabled|evictions|slab_\w+|lru_crawler\w*|lru_segmented|hot_\w+|warm_\w+|temp\w+|cas_enabled|flush_enabled|dump_enabled) .*\r$/gm

/** The reply to {@link randomAdministration} without the statistics, and the settings that commands can change. */
export function readSettings(reply: string): string[] {
  return [reply.replaceAll(/^STAT .*\r\n/gm, ''), ...(reply.match(SETTINGS) ?? [])]
}
