import { describe, expect, it } from 'vitest'
import {
  LONG_LINES_SINCE,
  META_SINCE,
  OPAQUE_ON_MISS_SINCE,
  parseServerVersion,
} from '../../../src/protocol/server-version.ts'

describe('a server version', () => {
  it.each([
    ['1.6.18', 1_006_018],
    ['1.6.41_beta1', 1_006_041],
    ['1.4', 1_004_000],
    ['mcrouter 0.41.0', 41_000],
    ['', 0],
    ['unknown', 0],
  ])('%j compares as %i', (text, order) => {
    expect(parseServerVersion(text).order).toBe(order)
  })

  it('knows what came when', () => {
    expect(parseServerVersion('1.6.9').order).toBeLessThan(META_SINCE)
    expect(parseServerVersion('1.6.10').order).toBe(META_SINCE)
    expect(parseServerVersion('1.6.12').order).toBeLessThan(LONG_LINES_SINCE)
    expect(parseServerVersion('1.6.17').order).toBeLessThan(OPAQUE_ON_MISS_SINCE)
  })
})
