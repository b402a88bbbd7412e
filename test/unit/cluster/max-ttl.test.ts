import { describe, expect, it } from 'vitest'
import { withMaxTtl } from '../../../src/cluster/max-ttl.ts'
import { encodeFlagText } from '../../../src/protocol/meta/flag-text.ts'
import type { Request } from '../../../src/protocol/request.ts'

const nowMs = 1_700_000_000_000
const now = 1_700_000_000
const store = { data: 'x', bytes: 1, clientFlags: 3, cas: 0n } as const
const cap = (request: Request): Request => withMaxTtl(request, 10, nowMs)

describe('the time to live in the gutter', () => {
  it.each([
    ['never', 0, 10],
    ['longer', 11, 10],
    ['as long', 10, 10],
    ['shorter', 3, 3],
    ['at a time far off', now + 5_000_000, 10],
    ['at a time soon', now + 7, now + 7],
    ['at once', -1, -1],
  ])('of what expires %s', (_name, exptime, capped) => {
    for (const command of ['set', 'add', 'replace', 'cas'] as const) {
      expect(cap({ command, ...store, exptime })).toEqual({ command, ...store, exptime: capped })
    }
    for (const command of ['gat', 'gats', 'touch'] as const) {
      expect(cap({ command, exptime })).toEqual({ command, exptime: capped })
    }
  })

  it('of meta commands: every flag with an exptime', () => {
    expect(cap({ command: 'ms', flags: {}, data: 'x', bytes: 1 })).toMatchObject({ flags: { exptime: 10 } })
    expect(cap({ command: 'ms', flags: { exptime: 5, vivify: 99 }, data: 'x', bytes: 1 })).toMatchObject({
      flags: { exptime: 5, vivify: 10 },
    })
    expect(cap({ command: 'mg', flags: { value: true, touch: 0, vivify: 30 } })).toMatchObject({
      flags: { value: true, touch: 10, vivify: 10 },
    })
    expect(cap({ command: 'md', flags: { invalidate: true, exptime: 60 } })).toMatchObject({ flags: { exptime: 10 } })
    expect(cap({ command: 'ma', flags: { vivify: 0, exptime: 60 } })).toMatchObject({
      flags: { vivify: 10, exptime: 10 },
    })
    expect(cap({ command: 'mg', flags: { touch: 60 }, text: { command: 'touch', exptime: 60 } })).toMatchObject({
      flags: { touch: 10 },
      text: { command: 'touch', exptime: 10 },
    })
  })

  it('of flags that the caller spells himself', () => {
    const flags = {}
    expect(cap({ command: 'mg', flags, flagText: encodeFlagText(['v', 'T0', 'N60', 'R5']) })).toMatchObject({
      flagText: ' v T10 N10 R5',
    })
    expect(cap({ command: 'ms', flags, flagText: encodeFlagText(['F5']), data: 'x', bytes: 1 })).toMatchObject({
      flagText: ' F5 T10',
    })
  })

  it.each<Request>([
    { command: 'get' },
    { command: 'delete' },
    { command: 'incr', delta: 1n },
    { command: 'append', ...store, exptime: 0 },
    { command: 'md', flags: { invalidate: true } },
    { command: 'me' },
  ])('is no matter for $command', (request) => {
    expect(cap(request)).toBe(request)
  })
})
