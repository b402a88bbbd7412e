import { InvalidInputError } from '../errors.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import { showValue } from '../show-value.ts'
import type { Refine, Refined } from './refine.ts'

/** Fault of a value, in the schema library's words. */
export interface SchemaIssue {
  readonly message: string
  /** Place in the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Result of a schema for a value: the value as it comes out of the schema, or what is wrong. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** A schema of any library that follows Standard Schema 1 (standardschema.dev): zod, valibot, arktype and others. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** The type that a schema takes: what is stored. */
export type SchemaInput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input']

/** The type that comes out of a schema: what is read. */
export type SchemaOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']

/** Refuses what is no schema. */
export function checkSchema(schema: StandardSchema): StandardSchema {
  if (typeof schema?.['~standard']?.validate === 'function') return schema
  throw new InvalidInputError(`schema must be a Standard Schema (it has "~standard"), got ${showValue(schema)}`)
}

/**
 * Puts a schema between cache and caller.
 *
 * @param onInvalid - Hears of values that were read and do not fit.
 */
export function createRefine(
  schema: StandardSchema,
  onInvalid: (key: Key, issues: readonly SchemaIssue[]) => void,
): Refine {
  const validate = (value: unknown): SchemaResult<unknown> | Promise<SchemaResult<unknown>> =>
    schema['~standard'].validate(value)
  const readResult = (given: SchemaResult<unknown>, key: Key): Refined => {
    const result = checkResult(given)
    if (result.issues === undefined) return { isValid: true, value: result.value }
    onInvalid(key, result.issues.map(plainIssue))
    return { isValid: false }
  }
  return {
    id: idOf(schema),
    read: (value, key) => {
      const result = validate(value)
      return result instanceof Promise ? result.then((settled) => readResult(settled, key)) : readResult(result, key)
    },
    loaded: async (value, key) => {
      const result = checkResult(await validate(value))
      if (result.issues === undefined) return result.value
      const reasons = result.issues.map(({ message }) => message).join('; ')
      throw new InvalidInputError(`what the loader gave for ${quoteKey(key)} does not fit the schema: ${reasons}`)
    },
  }
}

/** Returns the result of a schema; throws unless it is an object, with issues or without. */
function checkResult(result: SchemaResult<unknown>): SchemaResult<unknown> {
  if (typeof result === 'object' && result !== null && (result.issues === undefined || Array.isArray(result.issues))) {
    return result
  }
  throw new InvalidInputError(`the schema must give { value } or { issues }, got ${showValue(result)}`)
}

const ids: WeakMap<StandardSchema, number> = new WeakMap()
let lastId = 0

function idOf(schema: StandardSchema): number {
  const id = ids.get(schema) ?? ++lastId
  ids.set(schema, id)
  return id
}

/** Drops what libraries add to an issue, such as the value: event listeners must not see it. */
function plainIssue({ message, path }: SchemaIssue): SchemaIssue {
  if (path === undefined) return { message }
  return { message, path: path.map((segment) => (typeof segment === 'object' ? segment.key : segment)) }
}
