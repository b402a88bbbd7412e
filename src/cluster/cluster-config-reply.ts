import type { Buffer } from 'node:buffer'
import { ProtocolError } from '../errors.ts'
import { isIpv4 } from '../ip-address.ts'
import type { ServerAddress } from '../server-address.ts'
import { listServers } from './listed-servers.ts'

/** Servers of a cluster, as reported by its configuration endpoint. */
export interface ClusterConfig {
  /** Number that grows with every change. */
  readonly version: number
  readonly servers: readonly ServerAddress[]
}

/**
 * Reads the reply to `config get cluster`, or to `get AmazonElastiCache:cluster`: a first line `CONFIG cluster 0 <bytes>`
 * or `VALUE … 0 <bytes>`, then so many bytes: the version on a line, and `host|ip|port` for each server, white space
 * between them. (AWS, "Adding auto discovery to your client library".)
 */
export function parseClusterConfig(reply: Buffer): ClusterConfig {
  const text = reply.toString('latin1')
  const header = /^(?:CONFIG cluster|VALUE AmazonElastiCache:cluster) \d+ (\d+)\r\n/.exec(text)
  if (header === null) throw unreadable(text)
  const start = header[0].length
  const body = text.slice(start, start + Number(header[1]))
  if (body.length < Number(header[1])) throw unreadable(text)
  const [version = '', ...nodes] = body.split(/\s+/).filter((word) => word !== '')
  // A cluster has at least one server: an empty list was read in the middle of a change.
  if (!VERSION.test(version) || nodes.length === 0) throw unreadable(text)
  return { version: Number(version), servers: listServers(nodes.map(parseNode), 'the configuration of the cluster') }
}

/** Matches as many digits as a number holds exactly: no version could follow a larger one. */
const VERSION = /^\d{1,15}$/
const PORT = /^\d{1,5}$/
/** Matches text that looks like a dotted address, whatever its numbers. */
const DOTTED_NUMBERS = /^[0-9.]+$/

/** Parses one node. Certificates carry the host name, so the name is preferred; the address may be missing. */
function parseNode(node: string): ServerAddress {
  const first = node.indexOf('|')
  const last = node.lastIndexOf('|')
  const host = node.slice(0, Math.max(first, 0)) || node.slice(first + 1, Math.max(last, 0))
  const port = node.slice(last + 1)
  if (first < 0 || last === first || !isHost(host) || !PORT.test(port)) throw unreadable(node)
  return { host, port: Number(port) }
}

function isHost(host: string): boolean {
  return host !== '' && (!DOTTED_NUMBERS.test(host) || isIpv4(host))
}

const MAX_EXCERPT = 100

function unreadable(text: string): ProtocolError {
  const excerpt = JSON.stringify(text.slice(0, MAX_EXCERPT))
  return new ProtocolError(`the configuration of the cluster cannot be read: ${excerpt}`, { delivery: 'answered' })
}
