import type { Command } from '../command.ts'
import { metaCommand } from '../meta-command.ts'

/** `memlane mg` */
export const mg: Command = metaCommand({
  name: 'mg',
  summary: 'Send a meta get',
  description: [
    'Returned by their letters: v value, f client flags, t seconds to live, c cas number, s size, h hit before, l seconds since the last access. Acting: T30 touch, N30 create a placeholder on a miss, R10 win the right to renew, E cas number to be.',
  ],
  examples: [
    { line: 'memlane mg user:1 v t f c', help: 'value, time to live, client flags, cas number' },
    { line: 'memlane mg user:1 s h l t', help: 'facts about the item, without its value' },
  ],
})
