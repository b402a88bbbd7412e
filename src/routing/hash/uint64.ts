/** Returns the upper 32 bits of the product of two unsigned 32-bit numbers; `Math.imul` gives the lower ones. */
export function multiplyHigh(left: number, right: number): number {
  const leftLow = left & 0xffff
  const leftHigh = left >>> 16
  const rightLow = right & 0xffff
  const rightHigh = right >>> 16
  const first = leftHigh * rightLow + ((leftLow * rightLow) >>> 16)
  const second = leftLow * rightHigh + (first & 0xffff)
  return (leftHigh * rightHigh + (first >>> 16) + (second >>> 16)) >>> 0
}
