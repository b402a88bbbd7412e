import type { MemcachedServerOptions } from '../../../src/server/server-options.ts'
import type { Stream } from './command-streams.ts'

/** Options of a real memcached, the same of ours, and what is sent to both. */
export interface OptionStreams {
  readonly args: readonly string[]
  readonly options: MemcachedServerOptions
  readonly streams: readonly Stream[]
}

const MEGABYTE = 1024 * 1024
const BIG = 100_000

function big(words: string, rest = ''): string {
  return `${words} ${BIG}${rest}|${'y'.repeat(BIG)}|`
}

/** More than two megabytes of the same class: what comes then finds no room. The last of these are refused. */
const FILL = Array.from({ length: 30 }, (_, index) => big(`set k${index} 0 0`, ' noreply')).join('')

/** Streams for servers that were started with options. Every stream starts without the keys that it uses. */
export const optionStreams: Readonly<Record<string, OptionStreams>> = {
  'flush_all disabled': {
    args: ['-F'],
    options: { disableFlushAll: true },
    streams: [
      'set a 0 0 1|x|flush_all|flush_all 5|flush_all x|flush_all noreply|flush_all 1 2 3 4|get a|',
      'flush_all 0 noreply|mn|',
    ],
  },
  'dumping and watching disabled': {
    args: ['-X', '-W'],
    options: { disableDumping: true, disableWatch: true },
    streams: [
      'set a 0 0 1|x|watch|watch foo|watch fetchers noreply|mn|mg a v|',
      'lru_crawler metadump all|lru_crawler metadump foo|lru_crawler metadump|lru_crawler mgdump hash|lru_crawler mgdump|',
      'lru_crawler metadump all noreply|mn|lru_crawler crawl foo|',
      'stats cachedump|stats cachedump 1 0|stats cachedump x y|',
      'stats detail on|stats detail foo|stats detail dump|stats detail|stats detail off|',
    ],
  },
  'no cas numbers': {
    args: ['-C'],
    options: { disableCas: true },
    streams: [
      'set a 0 0 1|x|gets a|cas a 0 0 1 0|y|cas a 0 0 1 5|y|cas b 0 0 1 0|y|cas a 5 0 1 1|y|gets a|gats 0 a|',
      'set a 0 0 1|x|mg a c v|ms a 1 c|z|ms a 1 C0 c|z|ms a 1 C5 c|z|ms a 1 C5 I c|z|mg a c v|',
      'ma a N0 J5 c v|ma a C1|ma a C0 c|incr a 5|md a C0|md a C4|mg a|',
      'ms a 1|x|md a I|mg a c v|ms a 1 C1 I|w|mg a c v|md a I C0|md a C7|',
      'mg a N30 c|mg a c|ms a 1 C0|x|mg a v c|',
      'set a 0 0 1|x|me a|append a 0 0 1|y|me a|set b 5 0 1|x|me b|incr a 1|',
      'set a 0 0 2|99|incr a 1|me a|incr a 900|me a|gets a|',
      // The last one: 1.6.18 goes by the second then, and the seconds of two servers begin at different times.
      'set a 0 0 1|x|flush_all|get a|',
    ],
  },
  'no cas numbers, flags of 1.6.27': {
    args: ['-C'],
    options: { disableCas: true },
    streams: [
      'ms a 1 E7 c|z|mg a c|ma n N0 E5 c|ma n E9 c v|md a E5 I|mg a c v|mg v N30 E5 c|',
      'ms a 1 E7|z|md a x|mg a c v|md a x I E9|mg a c v|me a|',
    ],
  },
  'a delimiter of its own': {
    args: ['-D', '/'],
    options: { prefixDelimiter: '/' },
    streams: [
      'stats reset|get x/y x/z a:b|set x/y 0 0 1|x|delete x/y|stats detail dump|',
      'stats reset|stats detail off|get x/y|stats detail on|get z/y|stats detail dump|',
    ],
  },
  'sizes tracked': {
    args: ['-o', 'track_sizes'],
    options: { trackSizes: true },
    streams: [`set a 0 0 1|x|set b 0 0 300|${'x'.repeat(300)}|stats sizes|delete b|stats sizes|`],
  },
  'memory that is full': {
    args: ['-M', '-m', '2'],
    options: { disableEvictions: true, memoryBytes: 2 * MEGABYTE },
    streams: [
      [FILL, big('set new 0 0') + big('add new 0 0') + big('set k0 0 0'), 'get k0|get new|'],
      [FILL, big('ms new') + big('ms new', ' q') + big('ms k1', ' ME') + big('ms k2', ' MR O1 k'), 'mg k1|mg k2|'],
      [
        FILL,
        big('replace k3 0 0') + big('cas k4 0 0', ' 1') + big('append k5 0 0', ' noreply'),
        'mg k3 s|mg k4 s|mg k5 s|',
      ],
      [
        FILL,
        `${big('set k0 0 0', ' noreply')}${big('set k0 0 0')}`,
        'mg k0 s|',
        big('set new 0 0'),
        'delete k1|',
        big('set new 0 0'),
      ],
      [FILL, 'touch k0 100|gat 100 none|mg k1 t|mg k2 k s|md k2|mg k2|delete k3|'],
    ],
  },
}

/** Fills the memory with big values, and what is left of it with items of one digit. */
export const FILLED_WITH_DIGITS: string = `${FILL}${Array.from({ length: 12_000 }, (_, index) => `set s${index} 0 0 1 noreply|9|`).join('')}`

/** What is answered then, each in a step of its own. */
export const WITHOUT_ROOM_FOR_A_DIGIT: readonly string[] = [
  'incr s0 1|get s0|',
  'incr s0 0|',
  'append s1 0 0 1|x|get s1|',
  'prepend s1 0 0 1 noreply|x|mn|get s1|',
  'mg new N30 v|mg new N30 v q|mn|mg new|',
  'ma new N0 v|ma new N0 q|mn|ma s2 v|ma s2 D0 v|mg s2 v|',
  'incr none 1|decr s3 1|decr s3 1 noreply|mn|get s3|',
]

/** The same since memcached 1.6.27. */
export const WITHOUT_ROOM_FOR_A_DIGIT_1_6_27: readonly string[] = ['md s4 x|mg s4 v|md s4 x I|mg s4 v|md s4 x q|mn|']
