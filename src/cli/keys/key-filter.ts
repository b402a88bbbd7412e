import type { ListedKey } from '../../keys/listed-key.ts'
import { globTest } from '../glob.ts'
import { showKeyText } from '../key-argument.ts'
import type { BooleanOption, NumberOption, TextOption } from '../option-spec.ts'
import { UsageError } from '../usage-error.ts'

const GROUP = 'Which keys'

/** Options that choose among listed keys, for commands that walk over keys. */
export const FILTER_OPTIONS: {
  readonly prefix: TextOption
  readonly match: TextOption & { readonly repeat: true }
  readonly minSize: NumberOption
  readonly maxSize: NumberOption
  readonly ttlBelow: NumberOption
  readonly ttlAbove: NumberOption
  readonly noTtl: BooleanOption
  readonly idleAbove: NumberOption
  readonly idleBelow: NumberOption
  readonly unread: BooleanOption
} = {
  prefix: { type: 'text', short: 'p', group: GROUP, placeholder: 'text', help: 'keys that begin with this' },
  match: {
    type: 'text',
    short: 'm',
    repeat: true,
    group: GROUP,
    placeholder: 'pattern',
    help: "keys like this: 'user:*:name', with * ? and [a-z]",
  },
  minSize: { type: 'bytes', group: GROUP, help: 'items of at least this size, key and header included' },
  maxSize: { type: 'bytes', group: GROUP, help: 'items of at most this size' },
  ttlBelow: { type: 'duration', group: GROUP, help: 'items that expire before this time' },
  ttlAbove: { type: 'duration', group: GROUP, help: 'items that live at least for this time' },
  noTtl: { type: 'boolean', group: GROUP, help: 'items that never expire' },
  idleAbove: { type: 'duration', group: GROUP, help: 'items that were not read or stored for this time' },
  idleBelow: { type: 'duration', group: GROUP, help: 'items that were read or stored within this time' },
  unread: { type: 'boolean', group: GROUP, help: 'items that were not read since they were stored' },
}

/** Values of {@link FILTER_OPTIONS}. */
export interface FilterValues {
  readonly prefix: string | undefined
  readonly match: readonly string[]
  readonly minSize: number | undefined
  readonly maxSize: number | undefined
  readonly ttlBelow: number | undefined
  readonly ttlAbove: number | undefined
  readonly noTtl: boolean
  readonly idleAbove: number | undefined
  readonly idleBelow: number | undefined
  readonly unread: boolean
}

type Test = (item: ListedKey) => boolean

/** Returns a test of listed keys for the option `filter` of `listKeys`; undefined: all keys pass. The prefix is not in it. */
export function keyFilter(values: FilterValues): Test | undefined {
  if (values.noTtl && values.ttlBelow !== undefined) throw new UsageError('--no-ttl and --ttl-below exclude each other')
  const tests = [...patternTests(values), ...sizeTests(values), ...timeTests(values)]
  if (tests.length === 0) return undefined
  return (item) => tests.every((test) => test(item))
}

function patternTests({ match }: FilterValues): Test[] {
  const patterns = match.map(globTest)
  if (patterns.length === 0) return []
  return [({ key }) => patterns.some((test) => test(typeof key === 'string' ? key : showKeyText(key)))]
}

function sizeTests({ minSize, maxSize }: FilterValues): Test[] {
  return [
    ...(minSize === undefined ? [] : [({ size }: ListedKey) => size >= minSize]),
    ...(maxSize === undefined ? [] : [({ size }: ListedKey) => size <= maxSize]),
  ]
}

function timeTests({ ttlBelow, ttlAbove, noTtl, idleAbove, idleBelow, unread }: FilterValues): Test[] {
  return [
    ...(ttlBelow === undefined ? [] : [({ ttl }: ListedKey) => ttl * 1000 < ttlBelow]),
    ...(ttlAbove === undefined ? [] : [({ ttl }: ListedKey) => ttl * 1000 >= ttlAbove]),
    ...(noTtl ? [({ ttl }: ListedKey) => ttl === Number.POSITIVE_INFINITY] : []),
    ...(idleAbove === undefined ? [] : [({ lastAccess }: ListedKey) => lastAccess * 1000 >= idleAbove]),
    ...(idleBelow === undefined ? [] : [({ lastAccess }: ListedKey) => lastAccess * 1000 < idleBelow]),
    ...(unread ? [({ fetched }: ListedKey) => !fetched] : []),
  ]
}
