import type { Request } from './request.ts'

/** Checks whether the command may change, create, renew or remove an item. */
export function isWrite(request: Request): boolean {
  switch (request.command) {
    case 'get':
    case 'gets':
    case 'version':
    case 'noop':
    case 'me':
      return false
    case 'mg': {
      const { touch, vivify, recache } = request.flags
      // Flags that the caller spells are not read: they may be any of these.
      return request.flagText !== undefined || touch !== undefined || vivify !== undefined || recache !== undefined
    }
    case 'gat':
    case 'gats':
    case 'set':
    case 'add':
    case 'replace':
    case 'append':
    case 'prepend':
    case 'cas':
    case 'delete':
    case 'incr':
    case 'decr':
    case 'touch':
    case 'ms':
    case 'md':
    case 'ma':
      return true
  }
}
