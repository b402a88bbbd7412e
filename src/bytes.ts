/** Reads the kind of a typed array from its internal slot; undefined for everything else. */
const { get: readKind } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
) as { readonly get: (this: unknown) => string | undefined }

/**
 * Whether a value is a `Uint8Array`, of another realm (jest, `node:vm`) too, where `instanceof` fails. An object that only
 * inherits from one, or a `Proxy` around one, has no bytes: reading its length throws.
 */
export function isBytes(value: unknown): value is Uint8Array {
  return readKind.call(value) === 'Uint8Array'
}
