import { afterEach, describe, expect, it, vi } from 'vitest'
import { raceDelayMs } from '../../../src/connection/address-race.ts'
import { DeadAddresses } from '../../../src/connection/dead-addresses.ts'

describe('dead addresses', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('come behind the others, each group in its order', () => {
    const addresses = new DeadAddresses()
    addresses.failed('a')
    addresses.failed('c')
    expect(addresses.order(['a', 'b', 'c', 'd'])).toEqual(['b', 'd', 'a', 'c'])
  })

  it('have their place again once they work, and after a minute', () => {
    const addresses = new DeadAddresses()
    addresses.failed('a')
    addresses.failed('b')
    addresses.worked('a')
    expect(addresses.order(['a', 'b', 'c'])).toEqual(['a', 'c', 'b'])
    const later = performance.now() + 60_001
    vi.spyOn(performance, 'now').mockReturnValue(later)
    expect(addresses.order(['a', 'b', 'c'])).toEqual(['a', 'b', 'c'])
  })
})

it.each([
  [500, 1, 250],
  [500, 3, 125],
  [500, 20, 50],
  [10_000, 3, 250],
  [Number.POSITIVE_INFINITY, 3, 250],
])('within %i ms, %i addresses begin every %i ms', (connectTimeoutMs, addresses, delayMs) => {
  expect(raceDelayMs(connectTimeoutMs, addresses)).toBe(delayMs)
})
