import { expect, it } from 'vitest'
import { nearestName } from '../../src/nearest-name.ts'

const known = ['timeoutMs', 'connectTimeoutMs', 'noDelay', 'tls', 'auth', 'connect', 'maxPending', 'maxPendingBytes']

it.each([
  ['timeout', 'timeoutMs'],
  ['timeOutMS', 'timeoutMs'],
  ['timoutMs', 'timeoutMs'],
  ['nodelay', 'noDelay'],
  ['connectTimeout', 'connectTimeoutMs'],
  ['conect', 'connect'],
  ['auht', 'auth'],
  ['tlss', 'tls'],
  ['maxPend', 'maxPending'],
])('%s is near to %s', (written, meant) => {
  expect(nearestName(written, known)).toBe(meant)
})

it.each(['', 'a', 'max', 'ttl', 'ssl2', 'password', 'x'.repeat(100)])('%j is near to none', (written) => {
  expect(nearestName(written, known)).toBeUndefined()
})
