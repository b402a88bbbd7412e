import type { Command } from '../command.ts'
import { metaCommand } from '../meta-command.ts'

/** `memlane ma` */
export const ma: Command = metaCommand({
  name: 'ma',
  summary: 'Send a meta arithmetic',
  description: [
    'D10 by how much, MD counts down, N60 creates the counter for so long, J1 with this number, T60 touch, v returns the number.',
  ],
  examples: [{ line: 'memlane ma visits N60 J1 D1 v t', help: 'counts, or creates the counter for a minute' }],
})
