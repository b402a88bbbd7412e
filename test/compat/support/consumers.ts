import Module, { createRequire } from 'node:module'
import type { Implementation } from './classes.ts'

type Load = (...args: unknown[]) => unknown

const load = createRequire(import.meta.url)

/** Loads a package whose `require('memcached')` gives the original or the shim. */
export function loadConsumer(name: string, { Class }: Implementation): unknown {
  return loadWith(name, 'memcached', Class)
}

/** Loads a package, with something in the place of a package that it requires. */
export function loadWith(name: string, required: string, instead: unknown): unknown {
  for (const file of Object.keys(load.cache)) if (file.includes(`/node_modules/${name}/`)) delete load.cache[file]
  const holder = Module as unknown as { _load: Load }
  const original = holder._load
  holder._load = (...args) => (args[0] === required ? instead : original.apply(Module, args))
  try {
    return load(name)
  } finally {
    holder._load = original
  }
}
