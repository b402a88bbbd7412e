import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** How often to look, and how long at the most, in milliseconds: a receiver that never reads takes nothing. */
const LOOK_MS = 2
const LONGEST_MS = 1000

/**
 * Settles when the receiver's kernel has all that this kernel took from the socket. Only Linux tells (proc(5),
 * `/proc/net/tcp`: `tx_queue`); elsewhere, and for what is no TCP socket of this process, nothing is waited for.
 */
export async function untilDelivered(socket: Socket): Promise<void> {
  const deadline = performance.now() + LONGEST_MS
  while (!socket.destroyed && bytesOnTheWay(socket) > 0 && performance.now() < deadline) await delay(LOOK_MS)
}

function bytesOnTheWay({ localPort, remotePort, remoteFamily }: Socket): number {
  if (localPort === undefined || remotePort === undefined) return 0
  for (const line of tableOf(remoteFamily === 'IPv6' ? 'tcp6' : 'tcp')) {
    const [, local, remote, , queues] = line.trim().split(/\s+/)
    if (portOf(local) === localPort && portOf(remote) === remotePort) return Number.parseInt(queues!.split(':')[0]!, 16)
  }
  return 0
}

function tableOf(name: string): readonly string[] {
  try {
    return readFileSync(`/proc/net/${name}`, 'utf8').split('\n')
  } catch {
    return []
  }
}

/** `0100007F:2BCB` */
function portOf(address: string | undefined): number {
  return Number.parseInt(address?.split(':')[1] ?? '', 16)
}
