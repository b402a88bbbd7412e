import type { Command } from '../command.ts'
import { metaCommand } from '../meta-command.ts'

/** `memlane md` */
export const md: Command = metaCommand({
  name: 'md',
  summary: 'Send a meta delete',
  description: [
    'C1942 only with this cas number, I marks the item stale, T30 with it: for so long, x drops the value.',
  ],
  examples: [{ line: 'memlane md user:1 I T30', help: 'marks the item stale for 30 seconds' }],
})
