import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { referencePage } from '../../../src/cli/reference-page.ts'
import { COMMANDS } from '../../../src/cli/registry.ts'

it('docs/cli.md has the commands as they are: npm run generate', async () => {
  const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
  expect(await referencePage(page, COMMANDS)).toBe(page)
})
