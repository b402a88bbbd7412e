import { freePort } from '../../support/free-port.ts'

/** Returns the address of a port where nothing listens. */
export async function deadAddress(): Promise<string> {
  return `127.0.0.1:${await freePort()}`
}
