import type { Buffer } from 'node:buffer'

/** The slice methods that every Buffer has, in Node, Bun and Deno, and that the type definitions leave out. */
interface Slicing {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
}

/** A range of bytes as text, one character per byte. Half the cost of `toString`, which resolves its encoding first. */
export function latin1Slice(bytes: Buffer, start: number, end: number): string {
  return (bytes as Buffer & Slicing).latin1Slice(start, end)
}

/** A range of bytes decoded as UTF-8; what is not UTF-8 becomes U+FFFD. */
export function utf8Slice(bytes: Buffer, start: number, end: number): string {
  return (bytes as Buffer & Slicing).utf8Slice(start, end)
}
