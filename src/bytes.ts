/** Whether a value is a `Uint8Array`, of another realm (jest, `node:vm`) too, where `instanceof` fails. */
export function isBytes(value: unknown): value is Uint8Array {
  return (
    value instanceof Uint8Array ||
    (ArrayBuffer.isView(value) && Reflect.get(value, Symbol.toStringTag) === 'Uint8Array')
  )
}
