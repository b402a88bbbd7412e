import { checkOptions } from '../../known-options.ts'
import type { Key } from '../../protocol/key.ts'
import type { Ttl } from '../../ttl.ts'
import type { Calls } from '../calls/calls.ts'
import type { ClientParts } from '../parts.ts'
import { checkSchema, createRefine, type SchemaIssue } from '../standard-schema.ts'
import type { Generation } from './generation.ts'
import { createGeneration } from './generation-item.ts'
import { Namespace } from './namespace.ts'
import { NamespaceKeys } from './namespace-keys.ts'
import { checkPrefix, type GenerationOptions, type NamespaceOptions, resolveGenerations } from './options.ts'
import { GenerationPrefix, type PrefixSource } from './prefix-source.ts'

const OPTIONS: readonly (keyof AnyNamespaceOptions)[] = ['ttl', 'schema', 'generations']

/** Options of a namespace, with generations or without. */
export interface AnyNamespaceOptions extends NamespaceOptions {
  readonly generations?: GenerationOptions['generations'] | undefined
}

/** Parts that the client gives its namespaces. */
export interface NamespaceHost {
  readonly parts: ClientParts
  readonly calls: Calls
  /** Called with a value that does not fit the schema. */
  readonly onInvalid: (prefix: string, key: Key, issues: readonly SchemaIssue[]) => void
  /** Called with every namespace that is made. */
  readonly onMade: (namespace: Namespace, namespaceKeys: NamespaceKeys, ttl: Ttl | undefined) => void
}

/** Settings that a namespace hands on to those within it. */
interface Outer {
  readonly path: string
  readonly ttl: Ttl | undefined
  readonly refreshMs: number
  readonly source: PrefixSource
}

/** Makes a namespace of a client. */
export function createNamespace(host: NamespaceHost, prefix: string, options: AnyNamespaceOptions): Namespace {
  checkOptions(options, OPTIONS, 'namespace')
  const refreshMs = resolveGenerations(options.generations)
  checkPrefix(prefix, refreshMs !== undefined)
  if (refreshMs !== undefined) return createClearable(host, undefined, prefix, options, refreshMs)
  return finish(host, prefix, new NamespaceKeys(host.parts.dispatcher, prefix, undefined), options, undefined)
}

function createInner(host: NamespaceHost, outer: Outer, prefix: string, options: AnyNamespaceOptions = {}): Namespace {
  checkOptions(options, OPTIONS, 'namespace')
  checkPrefix(prefix, true)
  return createClearable(host, outer, prefix, options, resolveGenerations(options.generations) ?? outer.refreshMs)
}

function createClearable(
  host: NamespaceHost,
  outer: Outer | undefined,
  prefix: string,
  options: AnyNamespaceOptions,
  refreshMs: number,
): Namespace {
  const { dispatcher } = host.parts
  // A promise of the data format, as the number itself, which is decimal text that `incr` counts.
  const itemKey = outer === undefined ? `${prefix}generation` : `${outer.source.itemKey}:${prefix}`
  const generation = createGeneration(dispatcher, itemKey, refreshMs)
  const source = new GenerationPrefix(itemKey, outer?.source, prefix, generation)
  const path = outer === undefined ? prefix : outer.path + prefix
  const namespace = finish(host, path, new NamespaceKeys(dispatcher, path, source), options, outer?.ttl)
  const own: Outer = { path, ttl: options.ttl ?? outer?.ttl, refreshMs, source }
  return Object.assign(namespace, methodsOf(host, own, generation))
}

function methodsOf(host: NamespaceHost, own: Outer, generation: Generation): object {
  const calls = host.calls.within(own.path)
  return {
    clear: () => calls.of('clear').runKeyless(() => generation.clear()),
    namespace: (prefix: string, options?: AnyNamespaceOptions) => createInner(host, own, prefix, options),
  }
}

function finish(
  host: NamespaceHost,
  path: string,
  namespaceKeys: NamespaceKeys,
  options: AnyNamespaceOptions,
  outerTtl: Ttl | undefined,
): Namespace {
  const { parts } = host
  if (options.ttl !== undefined) parts.values.exptime(options.ttl)
  const schema = options.schema && checkSchema(options.schema)
  const refine = schema && createRefine(schema, (key, issues) => host.onInvalid(path, key, issues))
  const calls = host.calls.within(path)
  const ttl = options.ttl ?? outerTtl
  const namespace = new Namespace({ parts, namespaceKeys, refine, ttl, calls })
  host.onMade(namespace, namespaceKeys, ttl)
  return namespace
}
