import type { Command } from '../command.ts'
import { extendCommand } from '../extend-command.ts'

/** `memlane append` */
export const append: Command = extendCommand({
  name: 'append',
  summary: 'Add bytes at the end of a value',
  examples: [{ line: 'memlane append log ",c"', help: 'a,b becomes a,b,c' }],
})
