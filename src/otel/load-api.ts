import { messageOf } from '../message-of.ts'
import { needNodeModule } from '../node-modules.ts'
import type { OtelApi } from './api.ts'

const NAME = '@opentelemetry/api'

/**
 * Returns the module `@opentelemetry/api` of the application. Not imported: only applications that use it have it.
 *
 * @param load - Loads a module by its name.
 */
export function loadApi(load: (name: string) => unknown = loadModule): OtelApi {
  let api: unknown
  try {
    api = load(NAME)
  } catch (cause) {
    throw new Error(
      `memlane/otel needs the package ${NAME}, which could not be loaded: npm install ${NAME}. ` +
        `In a bundle, pass it: import * as api from '${NAME}'; instrumentMemlane({ api }). (${firstLine(cause)})`,
      { cause },
    )
  }
  if (isApi(api)) return api
  throw new Error(`memlane/otel needs ${NAME} 1.9 or newer: npm install ${NAME}@latest`)
}

/** Whether it has the parts of the module that are used. */
export function isApi(api: unknown): api is OtelApi {
  if (typeof api !== 'object' || api === null) return false
  const { trace, metrics, context }: Partial<Record<keyof OtelApi, unknown>> = api
  return [trace, metrics, context].every((part) => typeof part === 'object' && part !== null)
}

/** Loads from where memlane is installed, or else from where the process runs. */
function loadModule(name: string): unknown {
  const { createRequire } = needNodeModule('node:module')
  try {
    return createRequire(import.meta.url)(name)
  } catch (error) {
    try {
      return createRequire(`${process.cwd()}/`)(name)
    } catch {
      throw error
    }
  }
}

/** The first line of a message: the others list where a module was looked for. */
function firstLine(error: unknown): string {
  return messageOf(error).split('\n', 1)[0]!
}
