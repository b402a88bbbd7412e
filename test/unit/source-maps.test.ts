import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { keepLines } from '../../scripts/line-maps.ts'

const DIST = resolve(import.meta.dirname, '../../dist')

/** What a map of the package has. */
interface Payload {
  readonly version: number
  readonly file: string
  readonly names: string[]
  readonly sources: string[]
  readonly sourcesContent?: string[]
  readonly mappings: string
}

const maps = readdirSync(DIST)
  .filter((name) => name.endsWith('.mjs.map'))
  .map((name) => ({ code: name.slice(0, -'.map'.length), payload: payloadOf(name) }))

function payloadOf(name: string): Payload {
  return JSON.parse(readFileSync(join(DIST, name), 'utf8')) as Payload
}

/** A map for Node to read, from mappings alone. */
function readMap(mappings: string): SourceMap {
  const names: string[] = []
  const payload = {
    version: 3,
    file: 'a.mjs',
    sources: ['a.ts', 'b.ts'],
    sourcesContent: [],
    names,
    sourceRoot: '',
    mappings,
  }
  return new SourceMap(payload)
}

describe('the maps of the package', () => {
  it('are there, one per file with code of its own', () => {
    expect(maps.map(({ code }) => code)).toContain('index.mjs')
    expect(maps.length).toBeGreaterThan(10)
  })

  it('point to sources that the package has, and do not repeat them', () => {
    for (const { payload } of maps) {
      expect(payload.sourcesContent).toBeUndefined()
      expect(payload.sources.filter((source) => !existsSync(join(DIST, source)))).toEqual([])
    }
  })

  it('lead from the line of each function to the line that declares it', () => {
    const functions = maps.flatMap(({ code, payload }) => declarationsOf(code, payload))
    expect(functions.length).toBeGreaterThan(1000)
    expect(functions.filter(({ name, line }) => !line.includes(name))).toEqual([])
  })
})

/** The functions and classes at the start of a line, each with the line of the source that its map names. */
function declarationsOf(code: string, payload: Payload): { name: string; line: string }[] {
  const map = new SourceMap({ ...payload, sourcesContent: [], sourceRoot: '' })
  const sources = new Map(
    payload.sources.map((source) => [source, readFileSync(join(DIST, source), 'utf8').split('\n')]),
  )
  return readFileSync(join(DIST, code), 'utf8')
    .split('\n')
    .flatMap((text, at) => {
      const found = /^(?:async )?(?:function\*?|class) (\w+)/.exec(text)
      if (found === null) return []
      const entry = map.findEntry(at, 0)
      const line = 'originalSource' in entry ? sources.get(entry.originalSource)?.[entry.originalLine] : undefined
      return [{ name: found[1]!, line: line ?? 'no line' }]
    })
}

describe('keepLines', () => {
  it('keeps one piece for each line of the source, without its column', () => {
    // a.ts 1:0, 1:4, 1:9 on one generated line, then 2:2 and 3:2 on the next.
    expect(keepLines('AAAA,IAAI,KAAK;AACP,EACA')).toBe('AAAA;AACA,EACA')
  })

  it('leaves out names, and pieces that come from no source', () => {
    expect(keepLines('AAAAA,E;;IACEC')).toBe('AAAA;;IACA')
  })

  it('takes steps back, to another source, and of any size', () => {
    const thin = readMap(keepLines('gm3qBCqmCgyB;ADrmCM'))
    expect(thin.findEntry(0, 700_000)).toMatchObject({ originalSource: 'b.ts', originalLine: 1125, originalColumn: 0 })
    expect(thin.findEntry(1, 0)).toMatchObject({ originalSource: 'a.ts', originalLine: 0, originalColumn: 0 })
  })

  it('changes nothing the second time', () => {
    for (const { payload } of maps) expect(keepLines(payload.mappings)).toBe(payload.mappings)
  })
})
