import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../../src/cli/registry.ts'
import { completeLine } from '../../../../src/cli/repl/complete-line.ts'
import { quoteWord, splitLine } from '../../../../src/cli/repl/split-line.ts'

describe('a line', () => {
  it.each<[line: string, words: string[]]>([
    ['', []],
    ['  get   a ', ['get', 'a']],
    [`set a 'b c'`, ['set', 'a', 'b c']],
    [`set a "b\\nc\\"d\\\\"`, ['set', 'a', 'b\nc"d\\']],
    [`set a 'b\\n'`, ['set', 'a', 'b\\n']],
    [`set a b\\ c`, ['set', 'a', 'b c']],
    [`set a ''`, ['set', 'a', '']],
    [`a'b'"c"d`, ['abcd']],
    ['get a # b', ['get', 'a']],
    ['get a#b', ['get', 'a#b']],
    ['# all', []],
    ['set a b\\\nc', ['set', 'a', 'bc']],
  ])('%j has the words %j', (line, words) => {
    expect(splitLine(line)).toMatchObject({ words, isOpen: false })
  })

  it.each([`set a 'b`, `set a "b`, `set a "b\\"`, 'set a b\\'])('%j goes on', (line) => {
    expect(splitLine(line).isOpen).toBe(true)
  })

  it('of quoted words has these words again', () => {
    const characters = Array.from(`ab '"\\#\n\t{}日`)
    for (const first of characters) {
      for (const second of characters) {
        const words = [first + second, second, `${first}a${second}`, '']
        expect(splitLine(words.map(quoteWord).join(' '))).toMatchObject({ words, isOpen: false })
      }
    }
  })
})

describe('completion', () => {
  const known = {
    commands: COMMANDS,
    dots: ['.exit', '.serde'],
    serdes: ['php', 'phpx'],
    keys: ['user:1', 'user:2', 'z'],
  }

  it.each<[line: string, words: string[]]>([
    ['vers', ['version ']],
    ['.e', ['.exit ']],
    ['get user:', ['user:1 ', 'user:2 ']],
    ['get user:1 --as', []],
    ['set k v --a', ['--as ', '--auth ', '--auth-file ']],
    ['set k v --as ', ['text ', 'json ', 'base64 ']],
    ['.serde php', ['php ', 'phpx ']],
    ['help versi', ['version ']],
    ['completion f', ['fish ']],
    ['nonsense ', []],
    ['ms k ME', []],
  ])('of %j gives %j', async (line, words) => {
    expect((await completeLine(line, known))[0]).toEqual(words)
  })
})
