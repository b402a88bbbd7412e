/** Name of the method that `console.log` and `util.inspect` call for an object's text; Node, Bun and Deno share it. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** Function that shows a value, as the method is given it. Deno's older versions give none. */
type Inspect = ((value: unknown, options: object) => string) | undefined

/**
 * Lets an object show some facts, and nothing of its insides. A property of the object itself: a method of its class would
 * keep the class in bundles that do not use it, or stand in its declaration.
 *
 * @param title - Returns what stands before the facts.
 */
export function showAs(object: object, facts: () => object, title: () => string = () => object.constructor.name): void {
  const value = (_depth: number, options: object, inspect: Inspect): unknown =>
    inspect === undefined ? facts() : `${title()} ${inspect(facts(), options)}`
  Object.defineProperty(object, INSPECT, { value, configurable: true, writable: true })
}

/** Options that may hold a login, a private key, or the address of a server with a login in it. */
const HIDDEN: ReadonlySet<string> = new Set(['auth', 'tls', 'gutter'])

/** Returns options as they may be shown: numbers, flags, texts and functions; of everything else that it is there. */
export function showOptions(options: object, isNested = false): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (typeof value !== 'object' || value === null) shown[name] = value
    else shown[name] = isNested || HIDDEN.has(name) || Array.isArray(value) ? '(set)' : showOptions(value, true)
  }
  return shown
}
