import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAst } from 'rolldown/parseAst'

/** A node of the syntax tree: what the walk needs to know of it. */
type Node = Readonly<Record<string, unknown>> & { readonly type: string }

/** One declaration file, its names resolved no further than its own text. */
interface Module {
  /** The declarations of each name: overloads and merged interfaces have several. */
  readonly declared: Map<string, Node[]>
  /** The local name of each import, with the file and the name it has there. */
  readonly imported: Map<string, Origin>
  /** The local name of each export. */
  readonly exported: Map<string, string>
}

interface Origin {
  readonly file: string
  readonly name: string
}

/** Reads the declaration files of a folder that end with the given words: name to text. */
export function readDeclarations(folder: string, ending = '.d.mts'): Map<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith(ending))
  return new Map(names.toSorted().map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}

/**
 * Finds the types in public signatures that cannot be imported by name. Private members do not count.
 *
 * @param files - Declaration files, by name. They import each other as `./name.mjs`.
 * @param entries - The files that are entry points.
 * @returns One sentence per type that no entry point exports; none: all well.
 */
export function unnamedTypes(files: ReadonlyMap<string, string>, entries: readonly string[]): string[] {
  const modules = new Map([...files].map(([file, text]) => [file, readModule(text)]))
  const found = publicNames(modules, entries)
  const problems = [...found.values()].flatMap(({ origin, name: user }) =>
    [...referencesOf(origin, modules)].flatMap((name) => {
      const used = originOf(modules, origin.file, name)
      return used === undefined || found.has(keyOf(used))
        ? []
        : [`${user} names ${used.name}, which no entry point exports`]
    }),
  )
  return [...new Set(problems)].toSorted()
}

/** What the entry points export: where it is declared, and the name that users import. */
function publicNames(
  modules: ReadonlyMap<string, Module>,
  entries: readonly string[],
): Map<string, { readonly origin: Origin; readonly name: string }> {
  const exported = entries.flatMap((entry) =>
    [...moduleOf(modules, entry).exported].flatMap(([name, local]) => {
      const origin = originOf(modules, entry, local)
      return origin === undefined ? [] : [[keyOf(origin), { origin, name }] as const]
    }),
  )
  return new Map(exported)
}

const keyOf = ({ file, name }: Origin): string => `${file} ${name}`

/** Follows a name through imports to the file that declares it; nothing for the names of the language and of Node. */
function originOf(modules: ReadonlyMap<string, Module>, file: string, name: string): Origin | undefined {
  const { declared, imported } = moduleOf(modules, file)
  if (declared.has(name)) return { file, name }
  const from = imported.get(name)
  if (from === undefined) return undefined
  const local = moduleOf(modules, from.file).exported.get(from.name)
  if (local === undefined) throw new Error(`${file} imports ${from.name}, which ${from.file} does not export`)
  return originOf(modules, from.file, local)
}

function moduleOf(modules: ReadonlyMap<string, Module>, file: string): Module {
  const module = modules.get(file)
  if (module === undefined) throw new Error(`There is no ${file} among the declarations`)
  return module
}

function readModule(text: string): Module {
  const module: Module = { declared: new Map(), imported: new Map(), exported: new Map() }
  for (const statement of nodesOf(asNode(parseAst(text, { lang: 'dts' })), 'body')) readStatement(module, statement)
  return module
}

function readStatement(module: Module, statement: Node): void {
  switch (statement.type) {
    case 'ImportDeclaration':
      return readImport(module, statement)
    case 'ExportNamedDeclaration':
      return readExport(module, statement)
    case 'VariableDeclaration':
      for (const one of nodesOf(statement, 'declarations')) declare(module, one)
      return
    case 'ClassDeclaration':
    case 'TSDeclareFunction':
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
      return declare(module, statement)
    case 'TSModuleDeclaration':
      return declareNamespace(module, statement)
    default:
      throw new Error(`A declaration file has a ${statement.type}, which this reader does not know`)
  }
}

function declare(module: Module, declaration: Node): void {
  const name = nameOf(nodeAt(declaration, 'id'))
  module.declared.set(name, [...(module.declared.get(name) ?? []), declaration])
}

/** Notes a namespace of other names for types, beside the class of the same name. */
function declareNamespace(module: Module, statement: Node): void {
  const aliases = nodesOf(nodeAt(statement, 'body'), 'body')
  const isKnown = aliases.length > 0 && aliases.every(({ type }) => type === 'TSTypeAliasDeclaration')
  if (!isKnown) throw new Error('A declaration file has a TSModuleDeclaration with more than other names for types')
  declare(module, statement)
}

/** Notes what is imported from another declaration file; a module of Node needs no name of ours. */
function readImport({ imported }: Module, statement: Node): void {
  const source = sourceOf(statement)
  if (!source.startsWith('./')) return
  const file = source.slice(2).replace(/\.([mc])js$/, '.d.$1ts')
  for (const specifier of nodesOf(statement, 'specifiers')) {
    imported.set(nameOf(nodeAt(specifier, 'local')), { file, name: nameOf(nodeAt(specifier, 'imported')) })
  }
}

function readExport(module: Module, statement: Node): void {
  if (isNode(statement['source']) || isNode(statement['declaration']))
    throw new Error('A declaration file exports something other than a list of its own names')
  for (const specifier of nodesOf(statement, 'specifiers')) {
    module.exported.set(nameOf(nodeAt(specifier, 'exported')), nameOf(nodeAt(specifier, 'local')))
  }
}

/** The names that a declaration's public part refers to, without its own type parameters. */
function referencesOf({ file, name }: Origin, modules: ReadonlyMap<string, Module>): Set<string> {
  const names = new Set<string>()
  for (const declaration of moduleOf(modules, file).declared.get(name) ?? []) collect(declaration, new Set(), names)
  return names
}

/** @param scope - The type parameters in force. */
function collect(node: Node, scope: ReadonlySet<string>, names: Set<string>): void {
  if (isPrivate(node)) return
  const inner = new Set([...scope, ...parametersOf(node)])
  const name = referenceOf(node)
  if (name !== undefined && !inner.has(name)) names.add(name)
  for (const child of childrenOf(node)) collect(child, inner, names)
}

function isPrivate(node: Node): boolean {
  return node['accessibility'] === 'private' || (isNode(node['key']) && node['key'].type === 'PrivateIdentifier')
}

/** The type parameters that a node brings into force for what is in it. */
function parametersOf(node: Node): string[] {
  if (node.type === 'TSMappedType') return [nameOf(nodeAt(node, 'key'))]
  // `infer` stands in the condition, and its name is in force in the branches.
  if (node.type === 'TSConditionalType') return inferredIn(nodeAt(node, 'extendsType'))
  const list = node['typeParameters']
  return isNode(list) ? nodesOf(list, 'params').map((parameter) => nameOf(nodeAt(parameter, 'name'))) : []
}

function inferredIn(node: Node): string[] {
  const own = node.type === 'TSInferType' ? [nameOf(nodeAt(nodeAt(node, 'typeParameter'), 'name'))] : []
  return [...own, ...childrenOf(node).flatMap(inferredIn)]
}

/** The name that a node refers to: of `a.b.C` the first part. */
function referenceOf(node: Node): string | undefined {
  switch (node.type) {
    case 'TSTypeReference':
      return firstName(node['typeName'])
    case 'TSTypeQuery':
      return firstName(node['exprName'])
    case 'TSInterfaceHeritage':
    case 'TSClassImplements':
      return firstName(node['expression'])
    case 'ClassDeclaration':
      return firstName(node['superClass'])
    default:
      return node['computed'] === true ? firstName(node['key']) : undefined
  }
}

function firstName(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Identifier') return nameOf(node)
  return firstName(node['left'] ?? node['object'])
}

function childrenOf(node: Node): Node[] {
  return Object.values(node).flatMap((value) =>
    Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  )
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function asNode(value: unknown): Node {
  if (!isNode(value)) throw new TypeError('Expected a node of the syntax tree')
  return value
}

const nodeAt = (node: Node, field: string): Node => asNode(node[field])

function nodesOf(node: Node, field: string): Node[] {
  const list = node[field]
  return Array.isArray(list) ? list.map(asNode) : []
}

/** The name of an identifier; of a name in quotes, its text. */
function nameOf(node: Node): string {
  const name = node['name'] ?? node['value']
  if (typeof name !== 'string') throw new TypeError(`A ${node.type} has no name`)
  return name
}

function sourceOf(statement: Node): string {
  return nameOf(nodeAt(statement, 'source'))
}
