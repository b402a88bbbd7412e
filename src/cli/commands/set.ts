import type { Command } from '../command.ts'
import { storeCommand } from '../store-command.ts'

/** `memlane set` */
export const set: Command = storeCommand({
  name: 'set',
  summary: 'Store a value',
  examples: [
    { line: 'memlane set greeting hello --ttl 5m', help: 'text, for five minutes' },
    { line: `memlane set user:1 '{"name":"Ada"}' --as json`, help: 'an object, as applications with memlane store it' },
    { line: `memlane set user:1 '{"name":"Ada"}' --as json --serde php`, help: 'an array, as PHP stores it' },
    { line: 'memlane set logo --flags 64 < logo.png', help: 'bytes of a file, with these client flags' },
  ],
})
