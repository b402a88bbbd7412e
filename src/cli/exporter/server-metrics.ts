import type { Stats } from '../../client/stats.ts'
import type { ExpositionSample } from './exposition.ts'
import {
  COMMANDS_HELP,
  CRAWLER_METRICS,
  EXTSTORE_METRICS,
  ITEMS_METRICS,
  type Metric,
  PROXY_METRICS,
  SETTINGS_METRICS,
  SLAB_COMMANDS_HELP,
  SLABS_METRICS,
  SLABS_TOTAL_METRICS,
  STATS_METRICS,
} from './metric-tables.ts'

/** Answers of one server; an answer that it refuses is undefined. */
export interface ServerAnswers {
  readonly stats: Stats
  readonly settings: Stats | undefined
  readonly items: Stats | undefined
  readonly slabs: Stats | undefined
}

type Labels = Readonly<Record<string, string>>

const SLAB_LINE = /^(?:items:)?(\d+):(.+)$/

/**
 * Returns the metrics of a server, named and labeled as memcached_exporter does.
 *
 * @param withClasses - Whether those of slab classes are among them.
 */
export function serverMetrics(answers: ServerAnswers, withClasses = true): ExpositionSample[] {
  const { stats, settings = {}, slabs = {} } = answers
  return [
    { name: 'memcached_version', type: 'gauge', help: 'Version of the server.', labels: versionOf(stats), value: 1 },
    ...read(STATS_METRICS, stats),
    ...setCommands('commands_total', COMMANDS_HELP, stats, {}, ['cas_hits', 'cas_misses', 'cas_badval']),
    ...('extstore_limit_maxbytes' in stats ? read(EXTSTORE_METRICS, stats) : []),
    ...('proxy_backend_total' in stats ? read(PROXY_METRICS, stats) : []),
    ...read(SETTINGS_METRICS, settings),
    ...(settings['lru_crawler'] === true ? read(CRAWLER_METRICS, settings) : []),
    ...read(SLABS_TOTAL_METRICS, slabs),
    ...(withClasses ? classMetrics(answers) : []),
  ]
}

function classMetrics({ items = {}, slabs = {} }: ServerAnswers): ExpositionSample[] {
  return [
    ...byClass(items).flatMap(([slab, one]) => read(ITEMS_METRICS, one, { slab })),
    ...byClass(slabs).flatMap(([slab, one]) => [
      ...read(SLABS_METRICS, one, { slab }),
      ...setCommands('slab_commands_total', SLAB_COMMANDS_HELP, one, { slab }, ['cas_hits', 'cas_badval']),
    ]),
  ]
}

function versionOf({ version = '' }: Stats): Labels {
  return { version: String(version) }
}

function read(metrics: readonly Metric[], stats: Stats, labels: Labels = {}): ExpositionSample[] {
  return metrics.flatMap(({ name, type, help, stat, labels: own = {} }) => {
    const value = Number(stats[stat] ?? Number.NaN)
    return Number.isNaN(value) ? [] : [{ name: `memcached_${name}`, type, help, labels: { ...labels, ...own }, value }]
  })
}

/** memcached counts cas commands as sets, too. */
function setCommands(
  name: string,
  help: string,
  stats: Stats,
  labels: Labels,
  parts: readonly string[],
): ExpositionSample[] {
  const cas = parts.reduce((sum, part) => sum + Number(stats[part] ?? Number.NaN), 0)
  const value = Number(stats['cmd_set'] ?? Number.NaN) - cas
  if (Number.isNaN(value)) return []
  return [
    { name: `memcached_${name}`, type: 'counter', help, labels: { ...labels, command: 'set', status: 'hit' }, value },
  ]
}

/** Splits `items:1:number` and `1:chunk_size` by slab class. */
function byClass(stats: Stats): [slab: string, stats: Stats][] {
  const classes = new Map<string, Stats>()
  for (const [line, value] of Object.entries(stats)) {
    const [, slab, name] = SLAB_LINE.exec(line) ?? []
    if (slab === undefined || name === undefined) continue
    const one = classes.get(slab) ?? {}
    classes.set(slab, one)
    one[name] = value
  }
  return [...classes]
}
