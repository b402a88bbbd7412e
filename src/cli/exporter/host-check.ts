import { isIP } from 'node:net'
import { hostname } from 'node:os'

/**
 * Whether a request was sent to this exporter, by its header `Host`. A page of another site can have its own name point to this
 * machine and read the answer; it cannot do so by an address, nor by the names of this machine.
 */
export function isAllowedHost(header: string | undefined, names: readonly string[]): boolean {
  if (header === undefined) return false
  const name = nameIn(header)
  if (isIP(name) !== 0 || name === 'localhost' || name === hostname().toLowerCase()) return true
  return names.some((allowed) => allowed.toLowerCase() === name)
}

/** Name of a header `Host`, without the port and the brackets of an address. */
function nameIn(header: string): string {
  const [, address, name = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(header) ?? []
  return (address ?? name).toLowerCase()
}
