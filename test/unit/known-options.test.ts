import { expect, it } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import { checkOptions, overrideOptions, refuseUnknown } from '../../src/known-options.ts'

it('an option that nobody reads is refused, with the known ones', () => {
  expect(() => refuseUnknown({ level: 1, sise: 2 }, ['level', 'size'], 'a box')).toThrow(
    new InvalidInputError('a box has no option "sise"; it has level, size'),
  )
})

it.each([
  [undefined, 'undefined'],
  [null, 'null'],
  [5, '5'],
  ['level', '"level"'],
  [[], 'an Array'],
])('%j is no object of options', (options, shown) => {
  const check = (): void => checkOptions(options, ['level'], 'a box')
  expect(check).toThrow(InvalidInputError)
  expect(check).toThrow(`the options of a box must be an object, got ${shown}`)
})

it('an object with none, some or all of the known options passes', () => {
  for (const options of [{}, { level: 1 }, { level: undefined, size: 2 }, Object.create(null)]) {
    checkOptions(options, ['level', 'size'], 'a box')
  }
})

it('an override that is undefined takes nothing away', () => {
  expect(
    overrideOptions<{ tls?: boolean | undefined; noDelay?: boolean }>(
      { tls: true, noDelay: true },
      { tls: undefined, noDelay: false },
    ),
  ).toEqual({
    tls: true,
    noDelay: false,
  })
})
