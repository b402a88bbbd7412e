import { isIP } from 'node:net'
import { describe, expect, it } from 'vitest'
import { isIpAddress, isIpv4 } from '../../src/ip-address.ts'

const HOSTS: readonly string[] = [
  ['127.0.0.1', '0.0.0.0', '255.255.255.255', '10.20.30.199', '1.2.3.4'],
  ['256.0.0.1', '01.2.3.4', '1.2.3', '1.2.3.4.5', '1.2.3.', '1..2.3', '1.2.3.4 ', ' 1.2.3.4', '1.2.3.4\n', '1.2.3.a'],
  ['::', '::1', '1::', 'fe80::1', '2001:db8::8:800:200c:417a', 'FF01::101', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4'],
  ['fe80::1%eth0', 'fe80::1%25', '1:2:3:4:5:6:1.2.3.4', '64:ff9b::192.0.2.33'],
  [':', ':::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '12345::', '::ffff:1.2.3.256', '::1%', '::1%a%b'],
  ['[::1]', '::1]', '::1/64', '::g', '', 'localhost', 'a.b', '1', '1.2.3.4:5', 'fe80::1%a b'],
].flat()

describe('an address', () => {
  it.each(HOSTS)('is told from a name as node:net tells it: %j', (host) => {
    expect(isIpAddress(host)).toBe(isIP(host) !== 0)
    expect(isIpv4(host)).toBe(isIP(host) === 4)
  })
})
