import { decodeBase64Key, encodeBase64Key } from './base64-key.ts'
import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'

/** Longest opaque, its `O` included. protocol.txt gives 32 and means this. */
export const MAX_OPAQUE_WORD_BYTES = 32

/** Reply to a longer one. */
export const OPAQUE_TOO_LONG = 'CLIENT_ERROR opaque token too long\r\n'

const BAD_TOKEN = 'bad token in command line format'

/** Values of the flags of a meta command, except flags that are only shown in the reply. */
export interface MetaFlags {
  /** Bytes of the key, one character each. */
  key: string
  binaryKey: boolean
  quiet: boolean
  value: boolean
  /** `u` */
  noBump: boolean
  /** `I` */
  stale: boolean
  /** `x` */
  dropValue: boolean
  /** `T`, `N` and `R` as server times. */
  expiresAt: number | undefined
  vivifyUntil: number | undefined
  recacheBefore: number | undefined
  /** `C` */
  compare: bigint | undefined
  /** `E`; 0 is a cas like others, but for `ms`. */
  cas: bigint | undefined
  clientFlags: number
  /** Letter after `M`, empty if there is no `M`, a space if no letter follows it. */
  mode: string
  delta: bigint
  initial: bigint
}

/** Reads the flags from the word `first` on; returns the error of bad ones, without `CLIENT_ERROR`. */
export function parseMetaFlags(engine: Engine, line: CommandLine, first: number): MetaFlags | string {
  const flags: MetaFlags = {
    key: line.text(1),
    binaryKey: false,
    quiet: false,
    value: false,
    noBump: false,
    stale: false,
    dropValue: false,
    expiresAt: undefined,
    vivifyUntil: undefined,
    recacheBefore: undefined,
    compare: undefined,
    cas: undefined,
    clientFlags: 0,
    mode: '',
    delta: 1n,
    initial: 0n,
  }
  let error: string | undefined
  let seenSmall = 0
  let seenCapital = 0
  for (let index = first; index < line.count; index++) {
    const letter = line.letter(index)
    const bit = 1 << (letter & 31)
    const seen = letter >= 0x60 ? seenSmall : seenCapital
    if (letter >= 127 || (isLetter(letter) && (seen & bit) !== 0)) return 'duplicate flag'
    if (letter >= 0x60) seenSmall |= bit
    else seenCapital |= bit
    const wrong = readFlag(engine, line, index, letter, flags)
    if (wrong === 'invalid flag') return wrong
    // As in memcached, the last wrong flag is reported; a wrong `F` has no message of its own.
    if (wrong !== undefined) error = wrong === '' ? (error ?? 'bad command line format') : wrong
  }
  return error ?? flags
}

function isLetter(letter: number): boolean {
  return (letter >= 0x41 && letter <= 0x5a) || (letter >= 0x61 && letter <= 0x7a)
}

/** Reads one flag; returns the error of a bad one. */
function readFlag(
  engine: Engine,
  line: CommandLine,
  index: number,
  letter: number,
  flags: MetaFlags,
): string | undefined {
  switch (String.fromCharCode(letter)) {
    case 'b':
      return readBinaryKey(flags)
    case 'q':
      flags.quiet = true
      return undefined
    case 'v':
      flags.value = true
      return undefined
    case 'u':
      flags.noBump = true
      return undefined
    case 'I':
      flags.stale = true
      return undefined
    case 'x':
      flags.dropValue = true
      return engine.dialect.explicitCas ? undefined : 'invalid flag'
    case 'T':
      flags.expiresAt = readExpiry(engine, line, index)
      return flags.expiresAt === undefined ? BAD_TOKEN : undefined
    case 'N':
      flags.vivifyUntil = readExpiry(engine, line, index)
      return flags.vivifyUntil === undefined ? BAD_TOKEN : undefined
    case 'R':
      flags.recacheBefore = readExpiry(engine, line, index)
      return flags.recacheBefore === undefined ? BAD_TOKEN : undefined
    case 'C':
      flags.compare = readUint64(engine, line, index)
      return flags.compare === undefined ? BAD_TOKEN : undefined
    case 'E':
      if (!engine.dialect.explicitCas) return 'invalid flag'
      return readInto(flags, 'cas', readUint64(engine, line, index), BAD_TOKEN)
    case 'D':
      return readInto(flags, 'delta', readUint64(engine, line, index), 'invalid numeric delta value')
    case 'J':
      return readInto(flags, 'initial', readUint64(engine, line, index), 'invalid numeric initial value')
    case 'F':
      return readClientFlags(engine, line, index, flags)
    case 'M':
      return readMode(engine, line, index, flags)
    // Shown in the reply, or for proxies.
    case 'c':
    case 'f':
    case 'h':
    case 'k':
    case 'l':
    case 's':
    case 't':
    case 'O':
    case 'P':
    case 'L':
      return undefined
    default:
      return 'invalid flag'
  }
}

function readBinaryKey(flags: MetaFlags): string | undefined {
  const key = decodeBase64Key(flags.key)
  if (key === undefined) return 'error decoding key'
  flags.key = key
  flags.binaryKey = true
  return undefined
}

function readExpiry(engine: Engine, line: CommandLine, index: number): number | undefined {
  const exptime = engine.numbers.int32(line.bytes, line.start(index) + 1, line.end(index))
  return exptime === undefined ? undefined : engine.clock.expiryOf(exptime)
}

function readUint64(engine: Engine, line: CommandLine, index: number): bigint | undefined {
  return engine.numbers.uint64(line.bytes, line.start(index) + 1, line.end(index))
}

function readInto(
  flags: MetaFlags,
  name: 'cas' | 'delta' | 'initial',
  value: bigint | undefined,
  error: string,
): string | undefined {
  if (value === undefined) return error
  flags[name] = value
  return undefined
}

function readClientFlags(engine: Engine, line: CommandLine, index: number, flags: MetaFlags): string | undefined {
  const value = engine.numbers.uint32(line.bytes, line.start(index) + 1, line.end(index))
  if (value === undefined) return ''
  flags.clientFlags = value
  return undefined
}

function readMode(engine: Engine, line: CommandLine, index: number, flags: MetaFlags): string | undefined {
  const mode = line.text(index).slice(1)
  // Since memcached 1.6.40 only the first character counts.
  if (!engine.dialect.sharedParser && mode.length !== 1) return 'incorrect length for M token'
  flags.mode = mode[0] ?? ' '
  return undefined
}

/** Returns a key as a reply shows it, the space before it included. */
export function showKey(key: string, binary: boolean): string {
  return binary ? ` k${encodeBase64Key(key)} b` : ` k${key}`
}

/**
 * Returns key and opaque in the order of the request, for replies without other flags; `undefined` if the opaque is too
 * long.
 */
export function showEcho(line: CommandLine, first: number, key: string, binary: boolean): string | undefined {
  let echo = ''
  for (let index = first; index < line.count; index++) {
    const letter = line.letter(index)
    if (letter === 0x6b) {
      echo += showKey(key, binary)
    } else if (letter === 0x4f) {
      if (line.length(index) > MAX_OPAQUE_WORD_BYTES) return undefined
      echo += ` ${line.text(index)}`
    }
  }
  return echo
}

/** Returns the time left as a reply shows it. memcached lets a time in the past wrap around. */
export function showTtl(engine: Engine, expiresAt: number): string {
  return expiresAt === 0 ? ' t-1' : ` t${(expiresAt - engine.clock.seconds) >>> 0}`
}
