import { describe, expect, it } from 'vitest'
import { Entries } from '../../../../src/middleware/near/entries.ts'
import { ENTRY_BYTES, type Entry, type Kept } from '../../../../src/middleware/near/entry.ts'
import { createRandom } from '../../../../src/testing/random.ts'

function kept(bytes: number): Kept {
  return { keeps: 'bytes', data: '', madeBy: undefined, clientFlags: 0, bytes, ttl: undefined }
}

function put(entries: Entries, name: string, bytes = 0): Entry {
  const entry = entries.get(name) ?? entries.add(name, 1, 0)
  if (entries.get(name) === entry) entries.fill(entry, kept(bytes), 0)
  entry.until = 1000
  return entry
}

function namesOf(entries: Entries): string[] {
  return Array.from(entries.all(), ({ name }) => name)
}

/** Entries with room for so many, with names of one letter. */
function roomFor(count: number): Entries {
  return new Entries(count * (ENTRY_BYTES + 1))
}

describe('the entries of a near cache', () => {
  it('spare those that were given, once, and remove the oldest that was not', () => {
    const entries = roomFor(4)
    for (const name of 'abcd') put(entries, name)
    entries.get('a')!.isVisited = true
    put(entries, 'e')
    expect(namesOf(entries)).toEqual(['a', 'c', 'd', 'e'])
    // The hand goes on where it was.
    entries.get('c')!.isVisited = true
    put(entries, 'f')
    expect(namesOf(entries)).toEqual(['a', 'c', 'e', 'f'])
    put(entries, 'g')
    expect(namesOf(entries)).toEqual(['a', 'c', 'f', 'g'])
    for (const entry of entries.all()) entry.isVisited = true
    put(entries, 'h')
    expect([entries.items, entries.evictions]).toEqual([4, 4])
  })

  it('do not spare one whose time is up', () => {
    const entries = roomFor(2)
    for (const name of 'ab') put(entries, name).isVisited = true
    entries.get('a')!.until = 0
    put(entries, 'c')
    expect(namesOf(entries)).toEqual(['b', 'c'])
  })

  it('count what they take: names, values, and a part for each', () => {
    const entries = new Entries(1e6)
    const entry = put(entries, 'name', 100)
    expect([entries.bytes, entries.items]).toEqual([ENTRY_BYTES + 104, 1])
    put(entries, 'name', 50)
    expect(entries.bytes).toBe(ENTRY_BYTES + 54)
    entries.blank(entry)
    expect([entries.bytes, entries.items]).toEqual([ENTRY_BYTES + 4, 0])
    entries.remove(entry)
    expect([entries.bytes, entries.get('name')]).toEqual([0, undefined])
  })

  it('never take more than their limit, after a million fills of any size', () => {
    const maxBytes = 1_000_000
    const entries = new Entries(maxBytes)
    const random = createRandom(7)
    let most = 0
    for (let round = 0; round < 1e6; round++) {
      const name = `key:${Math.floor(random() ** 3 * 50_000)}`
      put(entries, name, Math.floor(random() ** 4 * 20_000)).isVisited = random() < 0.3
      const gone = round % 97 === 0 ? put(entries, 'gone') : undefined
      if (gone !== undefined && entries.get('gone') === gone) entries.remove(gone)
      most = Math.max(most, entries.bytes)
    }
    expect(most).toBeLessThanOrEqual(maxBytes)
    expect(entries.bytes).toBeGreaterThan(maxBytes * 0.95)
    let bytes = 0
    for (const entry of entries.all()) bytes += entry.size
    expect(entries.bytes).toBe(bytes)
  })

  it('do not keep what is larger than all of their memory', () => {
    const entries = new Entries(1000)
    put(entries, 'a', 10)
    put(entries, 'b', 2000)
    expect([entries.bytes, namesOf(entries)]).toEqual([0, []])
    put(entries, 'c', 10)
    expect(namesOf(entries)).toEqual(['c'])
    expect(new Entries(10).add('d', 1, 0).keeps).toBe('nothing')
  })

  it('let go of the tables that the map has grown out of, where entries come and go without evictions', () => {
    const entries = roomFor(3)
    for (const name of 'abcd') put(entries, name)
    const hand = namesOf(entries)
    for (let round = 0; round < 1000; round++) entries.remove(put(entries, 'a'))
    expect(hand).toEqual(['b', 'c', 'd'])
    put(entries, 'e')
    put(entries, 'f')
    expect(entries.items).toBe(3)
  })
})
