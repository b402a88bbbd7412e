import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ring, type RingShape, type RingSide } from '../../../src/routing/ring.ts'

const LAST = 2 ** 32 - 1
/** Also points beside each other, and at both ends of the circle. */
const anyPoint = fc.oneof(
  fc.integer({ min: 0, max: LAST }),
  fc.integer({ min: 0, max: 20 }),
  fc.integer({ min: LAST - 20, max: LAST }),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1),
)
const anyPoints = fc.uniqueArray(anyPoint, { minLength: 1, maxLength: 300 })

/** Each server has one point, which is its name. */
const LITERAL: RingShape = {
  source: { size: 1, digest: (name) => [Number(name)] },
  side: 'atOrAbove',
  winner: 'first',
}

/** The position that the definition of a side asks for, found by a look at every point. */
function expectedOwner(points: readonly number[], side: RingSide, hash: number): number {
  const sorted = points.toSorted((one, other) => one - other)
  if (side === 'atOrBelow') return points.indexOf(sorted.findLast((point) => point <= hash) ?? sorted.at(-1)!)
  return points.indexOf(sorted.find((point) => (side === 'above' ? point > hash : point >= hash)) ?? sorted[0]!)
}

describe.each<RingSide>(['atOrAbove', 'above', 'atOrBelow'])('a ring whose points have the hashes %s', (side) => {
  it('gives every hash the owner that a look at every point finds', () => {
    fc.assert(
      fc.property(anyPoints, fc.array(anyPoint, { minLength: 1 }), (points, hashes) => {
        const parts = points.map((point, owner) => ({ name: String(point), owner, digests: 1 }))
        const ring = new Ring({ ...LITERAL, side }, parts)
        for (const hash of [...hashes, ...points, 0, LAST]) {
          expect(ring.owner(hash)).toBe(expectedOwner(points, side, hash))
          expect(ring.walk(hash).next().value).toBe(ring.owner(hash))
        }
      }),
      { numRuns: 200 },
    )
  })
})
