import type { Command } from '../command.ts'
import { countCommand } from '../count-command.ts'

/** `memlane incr` */
export const incr: Command = countCommand({
  name: 'incr',
  summary: 'Count up and print the number',
  examples: [
    { line: 'memlane incr visits', help: 'adds 1' },
    { line: 'memlane incr visits 10 --initial 10 --ttl 1d', help: 'adds 10, or creates the counter for a day' },
  ],
})
