/** Ours, against which all others are compared, and those that are no rivals in JavaScript. */
export const OURS = 'memlane'
/** Ours as well, with another call or other servers. */
export const BASELINE = 'baseline'
const FLOOR = 'raw'
const NOT_RIVALS = new Set([OURS, BASELINE, FLOOR, 'pylibmc', 'pymemcache'])

/** One row of the report: a figure per client, our ratios to the others, and what the goal says of them. */
export function summarizeWorkload(workload, cells) {
  const figures = Object.fromEntries(cells.filter((cell) => !cell.skipped).map((cell) => [cell.label, figuresOf(cell)]))
  const whole = new Map(cells.filter((cell) => isWhole(cell)).map((cell) => [cell.label, cell.results]))
  const ratios = ratiosOf(whole, workload.kind)
  const { name, title, kind, goal, chart } = workload
  return { name, title, kind, chart, figures, ratios, goal, verdicts: judge(goal, ratios, figures[OURS]) }
}

function isWhole(cell) {
  return !cell.skipped && cell.problem === undefined && cell.fellOver === undefined && cell.results.length > 0
}

function figuresOf({ problem, fellOver, results }) {
  if (problem !== undefined || results.length === 0) return { problem: problem ?? 'no result' }
  if (fellOver !== undefined) return { fellOver }
  const stood = results.filter((result) => result.fellOver === undefined)
  return { ...middleOf(stood), ...(stood.length < results.length ? { falls: results.length - stood.length } : {}) }
}

function middleOf(results) {
  const middle = (field) => (field in results[0] ? median(results.map((result) => result[field])) : undefined)
  const highest = (field) => (field in results[0] ? Math.max(...results.map((result) => result[field])) : undefined)
  return {
    rate: middle('rate'),
    cpuMicros: middle('cpuMicros'),
    p50Ms: middle('p50Ms'),
    p99Ms: middle('p99Ms'),
    p999Ms: middle('p999Ms'),
    p99Range: 'p999Ms' in results[0] ? rangeOf(results.map(({ p99Ms }) => p99Ms)) : undefined,
    burstMs: middle('burstMs'),
    peakRssBytes: highest('peakRssBytes'),
    sockets: highest('sockets'),
    heapBytes: highest('heapBytes'),
  }
}

function rangeOf(numbers) {
  return [Math.min(...numbers), Math.max(...numbers)]
}

function ratiosOf(whole, kind) {
  const ours = whole.get(OURS)
  if (ours === undefined) return {}
  const against = (name, field, isLessBetter) => medianRatio(ours, whole.get(name), field, isLessBetter)
  const rivals = Array.from(whole.keys()).filter((name) => !NOT_RIVALS.has(name))
  if (kind === 'open') return { p99: smallest(rivals, (name) => against(name, 'p99Ms', true)) }
  if (kind === 'bursts') return { burst: smallest(rivals, (name) => against(name, 'burstMs', true)) }
  return {
    rate: smallest(rivals, (name) => against(name, 'rate', false)),
    cpu: smallest(rivals, (name) => against(name, 'cpuMicros', true)),
    floorRate: against(FLOOR, 'rate', false),
    floorCpu: against(FLOOR, 'cpuMicros', true),
    ownRate: against(BASELINE, 'rate', false),
    ownCpu: against(BASELINE, 'cpuMicros', true),
    pylibmc: against('pylibmc', 'rate', false),
  }
}

/** Each round gives a ratio of its own, because a noisy neighbour slows a whole round; above 1 we are better. */
function medianRatio(ours, theirs, field, isLessBetter) {
  if (theirs === undefined) return undefined
  const pairs = ours.map((result, round) => [result, theirs[round]])
  const ratios = pairs.filter(bothStood).map(([our, their]) => {
    return isLessBetter ? their[field] / our[field] : our[field] / their[field]
  })
  return ratios.length === 0 ? undefined : median(ratios)
}

function bothStood([our, their]) {
  return our.fellOver === undefined && their.fellOver === undefined
}

/** The rival that comes closest to us, or beats us most. */
function smallest(names, ratioTo) {
  const ranked = names.map((name) => ({ rival: name, ratio: ratioTo(name) })).filter(({ ratio }) => ratio !== undefined)
  return ranked.sort((a, b) => a.ratio - b.ratio)[0]
}

function judge(goal, ratios, ours) {
  return [
    atLeast('rate', ratios.rate?.ratio, goal.rate),
    atLeast('CPU', ratios.cpu?.ratio, goal.cpu),
    atLeast('floor', ratios.floorRate, goal.floor),
    atMost('floor CPU', inverse(ratios.floorCpu), goal.floorCpu),
    atLeast('baseline', ratios.ownRate, goal.ownRate),
    atMost('baseline CPU', inverse(ratios.ownCpu), goal.ownCpu),
    atLeast('p99', ratios.p99?.ratio, goal.p99),
    atLeast('burst', ratios.burst?.ratio, goal.burst),
    atLeast('pylibmc', ratios.pylibmc, goal.pylibmc),
    atMost('sockets', ours?.sockets, goal.sockets),
    atMost('heap', ours?.heapBytes, goal.heapBytes),
    atMost('CPU µs', ours?.cpuMicros, goal.cpuMicros),
  ].filter((verdict) => verdict !== undefined)
}

function inverse(ratio) {
  return ratio === undefined ? undefined : 1 / ratio
}

function atLeast(what, value, limit) {
  return limit === undefined
    ? undefined
    : { what, sign: '≥', limit, value, isMet: value === undefined ? undefined : value >= limit }
}

function atMost(what, value, limit) {
  return limit === undefined
    ? undefined
    : { what, sign: '≤', limit, value, isMet: value === undefined ? undefined : value <= limit }
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
