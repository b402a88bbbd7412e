/**
 * Freezes plain objects and arrays, and all such in them.
 *
 * @returns Whether callers may share the value: nothing in it can be changed any more. Other objects (bytes, a `Date`, a `Map`,
 * an instance of a class) stay as they are, and cannot be shared.
 */
export function freezeValue(value: unknown): boolean {
  if (!isObject(value)) return typeof value !== 'function'
  let isShareable = true
  // A list and no recursion: a value may be nested deeper than the stack.
  const open: object[] = [value]
  for (let object = open.pop(); object !== undefined; object = open.pop()) {
    // One that was frozen before may have anything in it, or itself.
    if (!isPlain(object) || Object.isFrozen(object)) isShareable = false
    else freezeOne(object, open)
  }
  return isShareable
}

function freezeOne(object: object, open: object[]): void {
  Object.freeze(object)
  const members: readonly unknown[] = Array.isArray(object) ? object : Object.values(object)
  for (const member of members) if (isObject(member)) open.push(member)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isPlain(object: object): boolean {
  if (Array.isArray(object)) return true
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === Object.prototype || prototype === null
}
