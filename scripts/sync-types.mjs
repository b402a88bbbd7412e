// Writes src/sync/generated/sync-commands.ts: the methods of the asynchronous clients, and of what they hand out, without
// promises. It reads the syntax trees of src/client.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'rolldown/parseAst'

const CLIENT = new URL('../src/client/', import.meta.url)
const TARGET = fileURLToPath(new URL('../src/sync/generated/sync-commands.ts', import.meta.url))

/** Path of src/client as files in src/sync/generated import it. */
const FROM_TARGET = '../../client'

/** The classes and types, the file of each in src/client, and its name without promises. */
const CONVERTED = [
  ['memcache.ts', 'Memcache', 'MemcacheSyncCommands'],
  ['noreply.ts', 'NoreplyCommands', 'NoreplyCommandsSync'],
  ['noreply.ts', 'NamespaceNoreply', 'NamespaceNoreplySync'],
  ['command-pipeline.ts', 'CommandPipeline', 'CommandPipelineSync'],
  ['command-pipeline.ts', 'NextPipeline', 'NextPipelineSync'],
  ['namespace/namespace.ts', 'Namespace', 'NamespaceSync'],
  ['meta/client.ts', 'MetaClient', 'MetaClientSyncCommands'],
  ['meta/pipeline.ts', 'MetaPipeline', 'MetaPipelineSync'],
  ['meta/pipeline.ts', 'NextMetaPipeline', 'NextMetaPipelineSync'],
  ['namespace/options.ts', 'Clearable', 'ClearableSync'],
]

const RENAMED = new Map(CONVERTED.map(([, from, to]) => [from, to]))

/** Methods that synchronous clients have of their own, or do not have. */
const OWN = new Set(['constructor', 'clone', 'nearCache'])

const HEAD = `// Written by scripts/sync-types.mjs (npm run generate) out of src/client: do not edit.
/* oxlint-disable typescript/no-unnecessary-type-parameters -- as the asynchronous clients have them */
`

/** Writes declarations, and remembers which types they name. */
class Writer {
  /** Names of types that the written code uses, and the file that uses each. */
  #used = new Map()
  #file
  #source

  /** Returns the code of a class, an interface or a type, without promises. */
  convert(file, name) {
    this.#file = file
    this.#source = sourceOf(file).text
    const { node, start } = declarationOf(file, name)
    const parameters = node.typeParameters === null ? '' : this.#text(node.typeParameters)
    const head = `${RENAMED.get(name)}${parameters}`
    switch (node.type) {
      case 'ClassDeclaration':
      case 'TSInterfaceDeclaration':
        return `/** Methods of ${name}, without \`await\`. */\nexport interface ${head}${this.#parentOf(node)} ${this.#members(node.body.body)}`
      case 'TSTypeAliasDeclaration':
        return `${this.#docBefore(start)}export type ${head} = ${this.#text(node.typeAnnotation)}`
      default:
        throw new Error(`${name} in ${file} is a ${node.type}`)
    }
  }

  /** The parent is kept where it is converted too. */
  #parentOf({ superClass, superTypeArguments, extends: parents }) {
    const [parent] = parents ?? [{ expression: superClass, typeArguments: superTypeArguments }]
    const to = RENAMED.get(parent?.expression?.name)
    if (to === undefined) return ''
    return ` extends ${to}${parent.typeArguments ? this.#text(parent.typeArguments) : ''}`
  }

  /** The public methods and getters: the overloads, or else the method itself. */
  #members(members) {
    const named = members.filter(isPublicMethod).map((member) => ({ member, doc: this.#docBefore(member.start) }))
    const overloaded = new Set(named.filter(({ member }) => !hasBody(member)).map(({ member }) => member.key.name))
    const kept = named.filter(
      ({ member, doc }) =>
        !OWN.has(member.key.name) &&
        !(hasBody(member) && overloaded.has(member.key.name)) &&
        !doc.includes('@internal'),
    )
    const lines = kept.map(({ member, doc }, at) => (at > 0 && doc !== '' ? '\n' : '') + doc + this.#signature(member))
    return `{\n${lines.join('\n')}\n}`
  }

  #signature(member) {
    const { typeParameters, params, returnType } = member.value ?? member
    const result = returnType.typeAnnotation
    if (member.kind === 'get') return `readonly ${member.key.name}: ${this.#text(result)}`
    const parameters = params.map((parameter) => this.#parameter(parameter)).join(', ')
    const types = typeParameters ? this.#text(typeParameters) : ''
    return `${member.key.name}${types}(${parameters}): ${this.#text(awaited(result))}`
  }

  /** A parameter with a default value is an optional one. */
  #parameter(parameter) {
    if (parameter.type !== 'AssignmentPattern') return this.#text(parameter)
    const { left } = parameter
    return `${left.name}?${this.#text(left.typeAnnotation)}`
  }

  /** Returns the text of types, with the new names. */
  #text(node) {
    const names = typeNamesIn(node).toSorted((a, b) => a.start - b.start)
    let text = ''
    let at = node.start
    for (const { name, start, end } of names) {
      if (!RENAMED.has(name)) this.#used.set(name, this.#file)
      text += this.#source.slice(at, start) + (RENAMED.get(name) ?? name)
      at = end
    }
    return text + this.#source.slice(at, node.end)
  }

  /** Returns the comment that ends right before a position, with its line break; empty where there is none. */
  #docBefore(position) {
    const [, doc] = /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\s*$/.exec(this.#source.slice(0, position)) ?? []
    return doc === undefined ? '' : `${withoutPromises(doc)}\n`
  }

  /** Returns the imports of the types that were used. */
  imports() {
    const namesOf = new Map()
    for (const [name, file] of this.#used) {
      const from = originOf(name, file)
      if (from !== undefined) namesOf.set(from, [...(namesOf.get(from) ?? []), name])
    }
    return [...namesOf]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([from, names]) => `import type { ${names.toSorted().join(', ')} } from '${from}'`)
      .join('\n')
  }
}

/** Returns the text of the file; a comparison may leave white space out. */
export function generate() {
  const writer = new Writer()
  const code = CONVERTED.map(([file, name]) => writer.convert(file, name)).join('\n\n')
  return `${HEAD}${writer.imports()}\n\n${code}\n`
}

const sources = new Map()

/** Returns the text and the statements of a file of src/client. */
function sourceOf(file) {
  if (!sources.has(file)) {
    const text = readFileSync(new URL(file, CLIENT), 'utf8')
    sources.set(file, { text, statements: parseAst(text, { lang: 'ts', astType: 'ts' }, file).body })
  }
  return sources.get(file)
}

/** Returns what a file exports by a name, and where its statement begins. */
function declarationOf(file, name) {
  const found = exportsOf(file).find(({ declaration }) => declaration.id?.name === name)
  if (found === undefined) throw new Error(`${file} exports no ${name}`)
  return { node: found.declaration, start: found.start }
}

function exportsOf(file) {
  return sourceOf(file).statements.filter(({ type, declaration }) => type === 'ExportNamedDeclaration' && declaration)
}

/** Returns where to import a type from that a file uses; undefined for a type parameter, and what is global. */
function originOf(name, file) {
  for (const { type, specifiers, source } of sourceOf(file).statements) {
    const isHere = type === 'ImportDeclaration' && specifiers.some(({ local }) => local.name === name)
    if (isHere) return fromTarget(source.value, file)
  }
  const isExported = exportsOf(file).some(({ declaration }) => declaration.id?.name === name)
  return isExported ? `${FROM_TARGET}/${file}` : undefined
}

/** Returns the path of an import of a file of src/client, as the written file imports it. */
function fromTarget(specifier, file) {
  return specifier.startsWith('.') ? posix.join(FROM_TARGET, posix.dirname(file), specifier) : specifier
}

function isPublicMethod({ type, kind, key, computed, static: isStatic, accessibility }) {
  const isMethod = type === 'MethodDefinition' || type === 'TSMethodSignature'
  const isPublic = key?.type === 'Identifier' && !computed && !isStatic && accessibility !== 'private'
  return isMethod && isPublic && kind !== 'set'
}

/** Whether it is more than a signature. */
function hasBody({ value }) {
  return Boolean(value?.body)
}

/** Returns the type that a promise gives. */
function awaited(type) {
  const isPromise = type.type === 'TSTypeReference' && type.typeName.name === 'Promise'
  return isPromise ? type.typeArguments.params[0] : type
}

/** Returns the names of types below a node, but for those that are members of other names. */
function typeNamesIn(node) {
  if (Array.isArray(node)) return node.flatMap(typeNamesIn)
  if (typeof node !== 'object' || node === null) return []
  if (node.type === 'TSTypeReference' && node.typeName.type === 'Identifier') {
    return [node.typeName, ...typeNamesIn(node.typeArguments)]
  }
  if (node.type === 'TSTypeQuery') throw new Error('typeof in a signature: nothing is imported for it')
  return Object.values(node).flatMap(typeNamesIn)
}

/** A comment without links to what is renamed, whose examples wait for nothing. */
function withoutPromises(doc) {
  return doc
    .replace(/\{@link (\w+)(?:\.(\w+))?\}/g, (link, name, member) =>
      RENAMED.has(name) ? `\`${member ?? RENAMED.get(name)}\`` : link,
    )
    .replaceAll('await ', '')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(TARGET, generate())
  execFileSync('npx', ['biome', 'check', '--write', TARGET], { stdio: ['ignore', 'ignore', 'inherit'] })
}
