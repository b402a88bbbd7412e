import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, sep } from 'node:path'

/** The folders of `src`, by floor. A file may import its own folder and the floors below, nothing else. */
const FLOORS: Readonly<Record<string, number>> = {
  protocol: 1,
  serde: 1,
  routing: 1,
  seam: 2,
  connection: 3,
  middleware: 3,
  server: 3,
  pool: 4,
  cluster: 5,
  client: 6,
  adapters: 7,
  cloudflare: 7,
  compat: 7,
  keys: 7,
  sync: 7,
  tags: 7,
  testing: 7,
  integrations: 7,
  otel: 7,
  prometheus: 7,
  recipes: 8,
  cli: 8,
  exports: 9,
}

/**
 * The folders within a folder that have floors of their own, in the same way. A file that is in none of them is above them.
 */
const INNER_FLOORS: Readonly<Record<string, number>> = {
  'sync/generated': 1,
  'sync/bridge': 1,
  'sync/direct': 2,
}
const TOP_INNER_FLOOR = 3

/** The files directly in `src` are words that every floor knows. */
const ROOT_FLOOR = 0

/** The floor that does no input or output: what its folders may import from Node. */
const PURE_FLOOR = 1
const PURE_BUILTINS: Readonly<Record<string, readonly string[]>> = {
  protocol: ['node:buffer'],
  // Bytes in, bytes out: their synchronous functions are as pure as a parser.
  serde: ['node:buffer', 'node:v8', 'node:zlib'],
  routing: [],
}
const IMPURE_WORDS = /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|nextTick|Promise|async|await)\b/g

/** Clients know the seam: they take nothing but types from the folders that carry commands out. */
const CLIENTS: ReadonlySet<string> = new Set([
  'client',
  'keys',
  'sync',
  'tags',
  'testing',
  'otel',
  'prometheus',
  'adapters',
  'cloudflare',
  'compat',
  'recipes',
])
const BELOW_SEAM: ReadonlySet<string> = new Set(['connection', 'pool', 'cluster', 'middleware'])

/** The files of clients that see below the seam all the same, and why. */
const SEES_BELOW: Readonly<Record<string, string>> = {
  'client/compose.ts': 'puts the layers together',
  'client/options.ts': 'has each layer check its own options',
  'client/wrapper-options.ts': 'has retry and fallback check their own options',
  'client/zones.ts': 'makes the option zones, which is a layer below the client',
  'keys/server-dump.ts': 'reads a reply while it comes',
  'keys/watch-server.ts': 'reads a reply while it comes',
  'testing/mock-memcache.ts': 'puts the layers of a mock together',
}

/** The modules of a runtime that a file may import, when it is used. */
const RUNTIME_MODULES: Readonly<Record<string, string>> = { 'cloudflare/cloudflare-dialer.ts': 'cloudflare:sockets' }

/** The files that may use `require`, and why. */
const LOADS_PACKAGES: Readonly<Record<string, string>> = {
  'otel/load-api.ts': 'loads the API of OpenTelemetry when it is used, and says what to install where it is missing',
}

const DOORS = 'exports'

/** One `import`, `export … from` or `import()` of a file. */
interface Reference {
  readonly specifier: string
  readonly kind: 'import' | 'type' | 'export' | 'dynamic'
}

/** Reads the TypeScript files under a folder: path relative to it, with `/`, to text. */
export function readSources(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  return new Map(
    paths.toSorted().map((path) => [path.split(sep).join('/'), readFileSync(join(folder, path), 'utf8')] as const),
  )
}

/**
 * Checks sources, by path relative to `src`, against the floor plan.
 *
 * @returns One sentence per violation; none: all well.
 */
export function checkFloorPlan(sources: ReadonlyMap<string, string>): string[] {
  const problems: string[] = []
  const graph = new Map<string, string[]>()
  for (const [path, source] of sources) {
    const floor = floorOf(path)
    if (floor === undefined) {
      problems.push(`${path}: its folder has no floor; add it to FLOORS in test/support/floor-plan.ts`)
      continue
    }
    const code = withoutComments(source)
    const references = findReferences(code)
    problems.push(...checkContent(path, floor, code, references))
    problems.push(...references.flatMap((reference) => checkReference(path, floor, reference, sources)))
    graph.set(
      path,
      references.map(({ specifier }) => resolve(path, specifier)).filter((to) => sources.has(to)),
    )
  }
  return [...problems, ...findCycles(graph)]
}

function checkContent(path: string, floor: number, code: string, references: readonly Reference[]): string[] {
  const problems: string[] = []
  if (folderOf(path) === DOORS) {
    if (code.replace(EXPORT_FROM, '').trim() !== '') problems.push(`${path}: a door has nothing but \`export … from\``)
  } else if (references.some(({ kind }) => kind === 'export')) {
    problems.push(`${path}: only files in ${DOORS}/ re-export`)
  }
  if (/\bimport\s*\(\s*(?!\s*['"])/.test(code)) problems.push(`${path}: an import() must name its file`)
  if (LOADS_PACKAGES[path] === undefined && /\brequire\s*\(|\bcreateRequire\b/.test(withoutText(code)))
    problems.push(`${path}: it uses require`)
  if (floor === PURE_FLOOR) {
    const words = new Set(withoutText(code).match(IMPURE_WORDS))
    for (const word of words) problems.push(`${path}: it mentions ${word}; this floor knows no timers and no promises`)
  }
  return problems
}

function checkReference(
  path: string,
  floor: number,
  { specifier, kind }: Reference,
  sources: ReadonlyMap<string, string>,
): string[] {
  if (specifier.startsWith('node:')) {
    const allowed = floor === PURE_FLOOR ? PURE_BUILTINS[folderOf(path)] : undefined
    return allowed === undefined || allowed.includes(specifier)
      ? []
      : [`${path}: it imports ${specifier}; this floor does no input or output`]
  }
  if (!specifier.startsWith('.')) {
    const isRuntime = kind === 'dynamic' && RUNTIME_MODULES[path] === specifier
    return kind === 'type' || isRuntime
      ? []
      : [`${path}: it imports the package ${specifier}; only \`import type\` may`]
  }
  const target = resolve(path, specifier)
  const targetFloor = floorOf(target)
  if (!sources.has(target) || targetFloor === undefined)
    return [`${path}: it imports ${specifier}, which is not in src`]
  if ((kind === 'import' || kind === 'dynamic') && seesBelowSeam(path, target)) {
    return [`${path}: it imports values below the seam, from ${target}; only ${Object.keys(SEES_BELOW).join(', ')} may`]
  }
  if (targetFloor < floor) return []
  if (folderOf(target) !== folderOf(path)) {
    return [`${path}: it imports ${targetFloor === floor ? 'sideways' : 'up'}, from ${target}`]
  }
  const [innerFloor, innerTarget] = [innerFloorOf(path), innerFloorOf(target)]
  if (innerTarget < innerFloor || posix.dirname(target) === posix.dirname(path)) return []
  if (innerFloor === TOP_INNER_FLOOR) return []
  return [`${path}: it imports ${innerTarget === innerFloor ? 'sideways' : 'up'}, from ${target}`]
}

function innerFloorOf(path: string): number {
  return INNER_FLOORS[posix.dirname(path)] ?? TOP_INNER_FLOOR
}

function seesBelowSeam(path: string, target: string): boolean {
  return CLIENTS.has(folderOf(path)) && BELOW_SEAM.has(folderOf(target)) && SEES_BELOW[path] === undefined
}

function floorOf(path: string): number | undefined {
  const folder = folderOf(path)
  return folder === '' ? ROOT_FLOOR : FLOORS[folder]
}

/** The top folder; empty for files directly in `src`. */
function folderOf(path: string): string {
  const slash = path.indexOf('/')
  return slash === -1 ? '' : path.slice(0, slash)
}

function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier)
}

const COMMENT = String.raw`\/\*[\s\S]*?\*\/|\/\/[^\n]*`
const TEXT = String.raw`'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\`(?:\\[\s\S]|[^\`\\])*\``
// A slash begins a pattern where a value may begin.
const PATTERN = String.raw`(?<=[=(,:!&|?{;[>]\s*|\breturn\s+)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/`
const TOKEN = new RegExp(`(${COMMENT})|${TEXT}|${PATTERN}`, 'g')

function withoutComments(source: string): string {
  return source.replace(TOKEN, (token, comment: string | undefined) => (comment === undefined ? token : ' '))
}

function withoutText(code: string): string {
  return code.replace(TOKEN, "''")
}

const EXPORT_FROM = /(?<=^|[;\n])\s*export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s*from\s*['"]([^'"]+)['"];?/g
const IMPORT_FROM = /(?<=^|[;\n])\s*import\s+(type\s+)?(?:[\w$*{][^'"();]*?\s*from\s*)['"]([^'"]+)['"]/g
const IMPORT_ALONE = /(?<=^|[;\n])\s*import\s*['"]([^'"]+)['"]/g
const IMPORT_CALL = /\bimport\s*\(\s*['"]([^'"]+)['"]/g

function findReferences(code: string): Reference[] {
  const found: Reference[] = []
  for (const [, specifier = ''] of code.matchAll(EXPORT_FROM)) found.push({ specifier, kind: 'export' })
  for (const [, type, specifier = ''] of code.matchAll(IMPORT_FROM)) {
    found.push({ specifier, kind: type === undefined ? 'import' : 'type' })
  }
  for (const [, specifier = ''] of code.matchAll(IMPORT_ALONE)) found.push({ specifier, kind: 'import' })
  for (const [, specifier = ''] of code.matchAll(IMPORT_CALL)) found.push({ specifier, kind: 'dynamic' })
  return found
}

function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = []
  const finished = new Set<string>()
  const trail: string[] = []
  const visit = (path: string): void => {
    if (finished.has(path)) return
    const start = trail.indexOf(path)
    if (start !== -1) {
      cycles.push(`import cycle: ${[...trail.slice(start), path].join(' → ')}`)
      return
    }
    trail.push(path)
    for (const next of graph.get(path) ?? []) visit(next)
    trail.pop()
    finished.add(path)
  }
  for (const path of graph.keys()) visit(path)
  return cycles
}
