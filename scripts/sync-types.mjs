// Writes src/sync/sync-commands.ts: the methods of the asynchronous clients, and of what they hand out, without promises.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'

const CLIENT = new URL('../src/client/', import.meta.url)
const TARGET = fileURLToPath(new URL('../src/sync/sync-commands.ts', import.meta.url))

/** The classes, where they are, and what they are called without promises. */
const CLASSES = [
  ['memcache.ts', 'Memcache', 'MemcacheSyncCommands'],
  ['noreply.ts', 'NoreplyCommands', 'NoreplyCommandsSync'],
  ['noreply.ts', 'NamespaceNoreply', 'NamespaceNoreplySync'],
  ['command-pipeline.ts', 'CommandPipeline', 'CommandPipelineSync'],
  ['namespace/namespace.ts', 'Namespace', 'NamespaceSync'],
  ['meta/client.ts', 'MetaClient', 'MetaClientSyncCommands'],
  ['meta/pipeline.ts', 'MetaPipeline', 'MetaPipelineSync'],
]

/** What a synchronous client does in its own way. */
const OWN = new Set(['constructor', 'clone'])

const RENAMED = new Map(CLASSES.map(([, from, to]) => [from, to]))

/** Types beside a class that name it, and what they are called without promises. */
const BESIDE = new Map([
  ['NextPipeline', 'NextPipelineSync'],
  ['NextMetaPipeline', 'NextMetaPipelineSync'],
])

/** The text of the file; whoever compares it may leave white space out. */
export function generate() {
  const sources = CLASSES.map(([file, name, to]) => ({
    file,
    name,
    to,
    source: readFileSync(new URL(file, CLIENT), 'utf8'),
  }))
  const bodies = sources.map(({ source, name, to }) => renameAll(interfaceOf(source, name, to)))
  const clearable =
    '/** What a namespace with generations can do besides. */\nexport interface ClearableSync {\n  /** Forgets every item of the namespace. */\n  clear(): void\n}'
  const code = [...bodies, clearable].join('\n\n').replace(/\bClearable\b/g, 'ClearableSync')
  return `// Written by scripts/sync-types.mjs out of src/client: do not edit.\n/* oxlint-disable typescript/no-unnecessary-type-parameters -- as the asynchronous clients have them */\n${importsFor(code, sources)}\n\n${code}\n`
}

function interfaceOf(source, name, to) {
  const start = source.search(new RegExp(`^export (?:class|interface) ${name}\\b`, 'm'))
  const head = /^export (class|interface) \w+(<(?:[^<>]|<[^<>]*>)*>)?(?: extends (\w+)(<.*?>)?)?.*?\{\n/.exec(
    source.slice(start),
  )
  const parameters = head[2] ?? ''
  const parent = head[1] === 'interface' && head[3] !== undefined ? ` extends ${RENAMED.get(head[3])}${head[4]}` : ''
  const body = source.slice(start + head[0].length, source.indexOf('\n}\n', start))
  const doc = `/** What ${name === 'Memcache' || name === 'MetaClient' ? 'the synchronous client' : 'it'} can do: ${name}, without \`await\`. */`
  return `${doc}\nexport interface ${to}${parameters}${parent} {\n${membersOf(body).join('\n')}\n}${typesBeside(source)}`
}

/** The types of a file that name its class, with their comments. */
function typesBeside(source) {
  const types = source.matchAll(/^(?:\/\*\*[^\n]*\*\/\n)?export type (\w+)[\s\S]*?(?=\n\n|$(?![\s\S]))/gm)
  return [...types].map(([text, name]) => (BESIDE.has(name) ? `\n\n${text.trimEnd()}` : '')).join('')
}

/** The public methods and getters: the overloads, or else the method itself. */
function membersOf(body) {
  const members = []
  let doc = ''
  const lines = body.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]
    if (/^ {2}\/\*\*/.test(line)) {
      doc = ''
      for (; ; at++) {
        doc += `${lines[at]}\n`
        if (lines[at].includes('*/')) break
      }
      continue
    }
    const found = /^ {2}(?:async )?(get )?(\w+)(?=[<(])/.exec(line)
    if (found === null || found[2] === 'constructor') {
      if (line.trim() !== '' && !/^ {4}|^ {2}[})]/.test(line)) doc = ''
      continue
    }
    let text = line
    while (!isSignature(text)) text += `\n${lines[++at]}`
    const isDefinition = text.trimEnd().endsWith('{')
    members.push({ name: found[2], isGetter: found[1] !== undefined, isDefinition, doc, text })
    doc = ''
  }
  const isOverloaded = (name) => members.some((member) => member.name === name && !member.isDefinition)
  return members
    .filter(
      ({ name, isDefinition, doc: words }) =>
        !OWN.has(name) && !(isDefinition && isOverloaded(name)) && !words.includes('@internal'),
    )
    .map(
      (member, at) => (at > 0 && member.doc !== '' ? '\n' : '') + member.doc.replace(/^\n+/, '') + signatureOf(member),
    )
}

/** Whether the brackets are closed and a result is named. */
function isSignature(text) {
  const plain = text.replace(/=>/g, '  ').trimEnd()
  const depth = [...plain.replace(/\{$/, '')].reduce(
    (sum, c) => sum + ('([{<'.includes(c) ? 1 : ')]}>'.includes(c) ? -1 : 0),
    0,
  )
  return depth === 0 && /\)\s*:/.test(plain)
}

function signatureOf({ text, isGetter, name }) {
  let signature = text
    .trimEnd()
    .replace(/\s*\{$/, '')
    .replace(/^ {2}async /, '  ')
  if (isGetter) return `  readonly ${name}: ${signature.slice(signature.indexOf('):') + 2).trim()}`
  signature = withoutPromise(signature)
  // A default value is an optional parameter.
  return signature.replace(/(\w+)(: [^,=()]+?) = [^,)]+(?=[,)])/g, '$1?$2')
}

/** The result, which stands behind the last closing bracket at the outermost level. */
function withoutPromise(signature) {
  let depth = 0
  for (let at = 0; at < signature.length; at++) {
    if ('([{<'.includes(signature[at])) depth++
    if (')]}>'.includes(signature[at]) && signature[at - 1] !== '=') depth--
    if (depth === 0 && signature.startsWith('):', at)) {
      const result = signature.slice(at + 2).trim()
      const inner = /^Promise<([\s\S]*)>$/.exec(result)
      return `${signature.slice(0, at + 2)} ${inner === null ? result : inner[1].trim()}`
    }
  }
  throw new Error(`no result in: ${signature}`)
}

/** The converted classes, and the types beside them, by their new names. */
function renameAll(code) {
  let renamed = code
  for (const [from, to] of BESIDE) renamed = renamed.replace(new RegExp(`\\b${from}<`, 'g'), `${to}<`)
  for (const [from, to] of RENAMED) {
    renamed = renamed.replace(
      new RegExp(`\\{@link ${from}(\\.\\w+)?\\}`, 'g'),
      (_, member = '') => `\`${member.slice(1) || to}\``,
    )
    const codeOnly = new RegExp(`(?<![\\w'\`/*] |\\w|\`)\\b${from}\\b(?=[<\\[ ;,)\\n>]|$)`, 'g')
    renamed = renamed
      .split('\n')
      .map((line) => (/^\s*(\*|\/\*\*)/.test(line) ? line : line.replace(codeOnly, to)))
      .join('\n')
  }
  // Examples in the comments wait for nothing.
  return renamed.replace(/^(\s*\*.*)$/gm, (line) => line.replaceAll('await ', ''))
}

function importsFor(code, sources) {
  const words = code.replace(/\/\*\*[\s\S]*?\*\//g, '').replace(/'[^'\n]*'/g, '')
  const byFile = new Map()
  const add = (from, name) => byFile.set(from, (byFile.get(from) ?? new Set()).add(name))
  for (const { source, file } of sources) {
    for (const [, names, from] of source.matchAll(/^import (?:type )?\{([^}]*)\} from '([^']+)'/gm)) {
      for (const name of names.split(',').map((one) => one.trim().replace(/^type /, ''))) {
        if (name !== '' && isUsed(words, name)) add(fromSync(from, file), name)
      }
    }
    for (const [, name] of source.matchAll(/^export (?:type|interface) (\w+)/gm)) {
      if (isUsed(words, name)) add(`../client/${file}`, name)
    }
  }
  return [...byFile]
    .map(([from, names]) => `import type { ${[...names].toSorted(byCode).join(', ')} } from '${from}'`)
    .join('\n')
}

/** What a file of the client imports, as src/sync imports it. */
function fromSync(specifier, file) {
  if (!specifier.startsWith('.')) return specifier
  return posix.relative('sync', posix.join('client', posix.dirname(file), specifier))
}

function byCode(a, b) {
  return a < b ? -1 : 1
}

function isUsed(words, name) {
  return new RegExp(`\\b${name}\\b`).test(words)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(TARGET, generate())
  execFileSync('npx', ['biome', 'check', '--write', TARGET], { stdio: ['ignore', 'ignore', 'inherit'] })
}
