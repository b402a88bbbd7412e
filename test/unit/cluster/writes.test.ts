import { describe, expect, it } from 'vitest'
import { encodeFlagText } from '../../../src/protocol/meta/flag-text.ts'
import type { Request } from '../../../src/protocol/request.ts'
import { isWrite } from '../../../src/protocol/writes.ts'

const store = { data: 'x', bytes: 1, clientFlags: 0, exptime: 0, cas: 0n } as const

describe('a write', () => {
  it.each<Request>([
    { command: 'set', ...store },
    { command: 'append', ...store },
    { command: 'delete' },
    { command: 'incr', delta: 1n },
    { command: 'touch', exptime: 5 },
    { command: 'gat', exptime: 5 },
    { command: 'gats', exptime: 5 },
    { command: 'mg', flags: { vivify: 5 } },
    { command: 'mg', flags: { recache: 5 } },
    { command: 'mg', flags: { touch: 5 } },
    { command: 'mg', flags: {}, flagText: encodeFlagText(['v', 'N30']) },
    { command: 'ms', flags: {}, data: 'x', bytes: 1 },
    { command: 'md', flags: {} },
    { command: 'ma', flags: {} },
  ])('is $command, which may change an item: %o', (request) => {
    expect(isWrite(request)).toBe(true)
  })

  it.each<Request>([
    { command: 'get' },
    { command: 'gets' },
    { command: 'mg', flags: { value: true, ttl: true } },
    { command: 'me' },
    { command: 'version' },
    { command: 'noop' },
  ])('is not $command, which changes nothing: %o', (request) => {
    expect(isWrite(request)).toBe(false)
  })
})
