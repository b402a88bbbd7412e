import type { CommandEntry } from './command.ts'

/** All commands, in the order of the overview. Each is loaded when it is used. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'get',
    group: 'Items',
    summary: 'Print values',
    load: async () => (await import('./commands/get.ts')).get,
  },
  {
    name: 'set',
    group: 'Items',
    summary: 'Store a value',
    load: async () => (await import('./commands/set.ts')).set,
  },
  {
    name: 'version',
    group: 'Servers',
    summary: 'Print the version of each server',
    load: async () => (await import('./commands/version.ts')).version,
  },
  {
    name: 'serve',
    group: 'Other',
    summary: 'Run a memcached inside Node, for machines without one',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  {
    name: 'help',
    group: 'Other',
    summary: 'Show the help of a command',
    load: async () => (await import('./commands/help.ts')).help,
  },
]
