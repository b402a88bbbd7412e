import type { Command } from '../command.ts'
import { storeCommand } from '../store-command.ts'

/** `memlane replace` */
export const replace: Command = storeCommand({
  name: 'replace',
  summary: 'Store a value if the key is there',
  examples: [{ line: 'memlane replace greeting hello', help: 'stores nothing where greeting is not there' }],
})
