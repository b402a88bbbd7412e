import { Buffer } from 'node:buffer'

/** A buffer that can change its length; TypeScript's library of Node 20 does not know it. */
interface ResizableBuffer extends ArrayBuffer {
  resize(length: number): void
}

/** The library of types that the tests are compiled with has no WebAssembly. */
declare const WebAssembly: {
  Memory: new (pages: { initial: number }) => { readonly buffer: ArrayBuffer; grow(pages: number): void }
}

const Resizable = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => ResizableBuffer

/** Gives the bytes to another owner: what is left has no length and cannot be read. */
export function giveAway(bytes: Uint8Array): void {
  structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] })
}

/** Bytes of a WebAssembly memory that has grown since. */
function grownMemory(length: number): Uint8Array {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const bytes = new Uint8Array(memory.buffer, 0, length).fill(65)
  memory.grow(1)
  return bytes
}

/** Bytes of a buffer that has become too short for them. */
function cutShort(length: number): Uint8Array {
  const buffer = new Resizable(length + 8, { maxByteLength: length + 8 })
  const bytes = new Uint8Array(buffer, 8, length).fill(65)
  buffer.resize(4)
  return bytes
}

/** Bytes that cannot be read any more, by what happened to them. */
export const lostBytes: readonly (readonly [string, (length: number) => Uint8Array])[] = [
  [
    'transferred',
    (length) => {
      const bytes = Buffer.alloc(length, 'A')
      const own = new Uint8Array(bytes)
      giveAway(own)
      return own
    },
  ],
  [
    'a Buffer that was transferred',
    (length) => {
      const bytes = Buffer.from(new ArrayBuffer(length))
      giveAway(bytes)
      return bytes
    },
  ],
  ['of a WebAssembly memory that has grown', grownMemory],
  ['out of the bounds of a buffer that was cut short', cutShort],
]
