import type { Command } from '../command.ts'
import { storeCommand } from '../store-command.ts'

/** `memlane add` */
export const add: Command = storeCommand({
  name: 'add',
  summary: 'Store a value unless the key is there',
  examples: [{ line: 'memlane add lock:job 1 --ttl 30s && run-job', help: 'runs the job if the lock was free' }],
})
