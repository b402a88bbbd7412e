import type { StandardSchema } from '../../src/client/standard-schema.ts'

/** A Standard Schema by hand: numbers. */
export const numberSchema: StandardSchema<number> = {
  '~standard': {
    version: 1,
    vendor: 'by hand',
    validate: (value) => (typeof value === 'number' ? { value } : { issues: [{ message: 'must be a number' }] }),
  },
}
