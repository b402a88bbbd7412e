import { InvalidInputError } from '../../errors.ts'
import { checkOptions, isRecord } from '../../known-options.ts'
import { duration, flag, refused } from '../../option-checks.ts'
import { showValue } from '../../show-value.ts'

/** When a write to all zones settles. */
export type ZoneSettle = 'local' | 'one' | 'quorum' | 'all'

/** When a read goes on to other zones. */
export type ZoneReadOn = 'error' | 'missOrError'

/** Options common to all ways to name the other zones. */
export interface CommonZoneOptions {
  /** Name of the zone that the client's own servers are: it is read first. */
  readonly local: string
  /**
   * Name of the zone that decides `cas`, `update`, `pop`, `sets`, `add`, `replace`, `append`, `prepend`, `incr` and `decr`, and
   * that has the generations of namespaces. While it is out these calls fail with `ServerDownError`, `delivery: 'not-sent'`.
   */
  readonly primary: string
  /**
   * When a write (`set`, `touch`) settles: once the local zone, one zone, most zones, or all zones have it. Zones that are out
   * do not count. Keys whose write a zone did not take are removed there before they are read there again.
   *
   * @defaultValue `'quorum'`
   */
  readonly settle?: ZoneSettle
  /**
   * When a read goes on to the other zones: `error` where the local zone fails or is late, `missOrError` also where it has no
   * such item.
   *
   * @defaultValue `'missOrError'`
   */
  readonly readOn?: ZoneReadOn
  /**
   * Time after which a read that the local zone has not answered goes on to the other zones, in milliseconds; Infinity: it
   * waits for the local zone.
   *
   * @defaultValue `100`
   */
  readonly zoneTimeoutMs?: number
  /**
   * Whether an item that the local zone missed and another zone had is copied to the local zone, with the time that it has
   * left. Needs the meta protocol.
   *
   * @defaultValue `true`
   */
  readonly repair?: boolean
  /** Names of other zones that are written and not read: zones that are being filled. @defaultValue none */
  readonly writeOnly?: readonly string[]
}

/** Zone options, checked and complete. */
export interface ResolvedZoneOptions {
  readonly local: string
  readonly primary: string
  readonly others: Readonly<Record<string, unknown>>
  readonly settle: ZoneSettle
  readonly readOn: ZoneReadOn
  readonly zoneTimeoutMs: number
  readonly repair: boolean
  readonly writeOnly: ReadonlySet<string>
}

const OPTIONS: readonly (keyof ResolvedZoneOptions)[] = [
  'local',
  'others',
  'primary',
  'settle',
  'readOn',
  'zoneTimeoutMs',
  'repair',
  'writeOnly',
]

const SETTLES: ReadonlySet<unknown> = new Set<ZoneSettle>(['local', 'one', 'quorum', 'all'])

const DEFAULT_ZONE_TIMEOUT_MS = 100

/** Checks the options and fills in the defaults; every error names the option and the value. */
export function resolveZoneOptions(
  options: CommonZoneOptions & { readonly others: Readonly<Record<string, unknown>> },
): ResolvedZoneOptions {
  checkOptions(options, OPTIONS, 'zones')
  const { settle = 'quorum', readOn = 'missOrError', writeOnly = [] } = options
  if (!SETTLES.has(settle)) throw refused('zones.settle', "'local', 'one', 'quorum' or 'all'", settle)
  if (readOn !== 'error' && readOn !== 'missOrError') {
    throw refused('zones.readOn', "'error' or 'missOrError'", readOn)
  }
  const local = checkName('local', options.local)
  const others = checkOthers(options.others, local)
  return Object.freeze({
    local,
    others,
    primary: checkPrimary(options.primary, local, others, writeOnly),
    settle,
    readOn,
    zoneTimeoutMs: duration('zones.zoneTimeoutMs', options.zoneTimeoutMs, DEFAULT_ZONE_TIMEOUT_MS),
    repair: flag('zones.repair', options.repair, true),
    writeOnly: checkWriteOnly(writeOnly, others),
  })
}

function checkName(option: string, name: unknown): string {
  if (typeof name === 'string' && name !== '') return name
  throw refused(`zones.${option}`, 'the name of a zone', name)
}

function checkOthers(others: unknown, local: string): Readonly<Record<string, unknown>> {
  if (!isRecord(others) || Object.keys(others).length === 0) {
    throw refused('zones.others', 'an object with the servers of each other zone', others)
  }
  const copy: Record<string, unknown> = { ...others }
  for (const [name, zone] of Object.entries(copy)) checkZone(name, zone, local)
  return copy
}

function checkZone(name: string, zone: unknown, local: string): void {
  if (name === '') throw new InvalidInputError('option zones.others has a zone without a name')
  if (name === local) {
    throw new InvalidInputError(
      `option zones.others has ${showValue(name)}, the local zone: its servers are those of the client itself`,
    )
  }
  if (Array.isArray(zone) ? zone.length > 0 : typeof zone === 'object' && zone !== null) return
  throw refused(`zones.others[${showValue(name)}]`, 'a list of servers, a source of lists, or a client', zone)
}

function checkPrimary(
  primary: unknown,
  local: string,
  others: Readonly<Record<string, unknown>>,
  writeOnly: readonly string[],
): string {
  const names = [local, ...Object.keys(others)]
  const readable = names.filter((name) => !Array.isArray(writeOnly) || !writeOnly.includes(name))
  if (typeof primary === 'string' && readable.includes(primary)) return primary
  throw refused('zones.primary', `the name of a zone that is read (${readable.join(', ')})`, primary)
}

function checkWriteOnly(names: readonly string[], others: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const known = Object.keys(others)
  if (Array.isArray(names) && names.every((name) => known.includes(name as string))) return new Set(names)
  throw refused('zones.writeOnly', `a list of names of other zones (${known.join(', ')})`, names)
}
