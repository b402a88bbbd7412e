import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** Interval of checks and their longest time, in milliseconds: a receiver that never reads takes nothing. */
const LOOK_MS = 2
const LONGEST_MS = 1000

/**
 * Waits until the receiver's kernel has every byte that this kernel took from the socket. Only Linux reports that
 * (proc(5), `/proc/net/tcp`: `tx_queue`); elsewhere, and for anything but a TCP socket of this process, there is no
 * wait.
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

/** Parses the port of an address such as `0100007F:2BCB`. */
function portOf(address: string | undefined): number {
  return Number.parseInt(address?.split(':')[1] ?? '', 16)
}
