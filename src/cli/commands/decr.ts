import type { Command } from '../command.ts'
import { countCommand } from '../count-command.ts'

/** `memlane decr` */
export const decr: Command = countCommand({
  name: 'decr',
  summary: 'Count down to 0 at the least and print the number',
  examples: [{ line: 'memlane decr stock:7 2', help: 'takes away 2' }],
})
