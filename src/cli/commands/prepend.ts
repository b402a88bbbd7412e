import type { Command } from '../command.ts'
import { extendCommand } from '../extend-command.ts'

/** `memlane prepend` */
export const prepend: Command = extendCommand({
  name: 'prepend',
  summary: 'Add bytes at the start of a value',
  examples: [{ line: 'memlane prepend log "a,"', help: 'b,c becomes a,b,c' }],
})
