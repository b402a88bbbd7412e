import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

/** Loads a library of this folder's package. Loaded late: the types of the project are checked without it. */
export function library(name: string): unknown {
  try {
    return load(name)
  } catch (error) {
    throw new Error(`${name} is not here: npm ci --prefix test/observability --ignore-scripts`, { cause: error })
  }
}
