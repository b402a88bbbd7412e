/** Name of the method that `console.log` and `util.inspect` call for an object's text; Node, Bun and Deno share it. */
export const INSPECT: symbol = Symbol.for('nodejs.util.inspect.custom')

/** Function that shows a value, as the method is given it. Deno's older versions give none. */
type Inspect = ((value: unknown, options: object) => string) | undefined

/**
 * Lets an object show some facts, and nothing of its insides. A property of the object itself: a method of its class would
 * keep the class in bundles that do not use it, or stand in its declaration.
 *
 * @param title - Returns what stands before the facts.
 */
export function showAs(object: object, facts: () => object, title: () => string = () => nameOf(object)): void {
  const value = (_depth: number, options: object, inspect: Inspect): unknown =>
    inspect === undefined ? facts() : `${title()} ${inspect(facts(), options)}`
  Object.defineProperty(object, INSPECT, { value, configurable: true, writable: true })
}

/** Returns the name of an object's class. Bundlers put underscores in front of classes that use themselves. */
function nameOf(object: object): string {
  return object.constructor.name.replace(/^_+/, '')
}

/**
 * Returns options as they may be shown: numbers, flags, texts and functions. Of objects and lists only that they are there: they
 * may hold a login, a private key, or the address of a server with a login in it.
 */
export function showOptions(options: object): object {
  const entries: [string, unknown][] = Object.entries(options)
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'object' ? '(set)' : value]))
}
