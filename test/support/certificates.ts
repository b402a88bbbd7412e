import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of PEM files. */
export interface Certificates {
  /** The authority that signed everything here but `otherAuthority`. */
  readonly authority: string
  /** An authority that signed nothing of ours. */
  readonly otherAuthority: string
  /** For `localhost`, `127.0.0.1` and `::1`. */
  readonly server: KeyPair
  /** For `elsewhere.example` only. */
  readonly wrongName: KeyPair
  /** For a client. */
  readonly client: KeyPair
}

/** A certificate and its private key. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/** Makes an authority and what it signs with the `openssl` program. */
export function createCertificates(folder: string): Certificates {
  const authority = createAuthority(folder, 'authority')
  const sign = (name: string, extensions: string): KeyPair => createSigned(folder, authority, name, extensions)
  return {
    authority: authority.certificate,
    otherAuthority: createAuthority(folder, 'other-authority').certificate,
    server: sign('server', 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'),
    wrongName: sign('wrong-name', 'subjectAltName=DNS:elsewhere.example'),
    client: sign('client', 'extendedKeyUsage=clientAuth'),
  }
}

function createAuthority(folder: string, name: string): KeyPair {
  const pair = pairIn(folder, name)
  openssl('req', '-x509', ...newKey(pair.key), '-out', pair.certificate, '-days', '2', '-subj', `/CN=${name}`)
  return pair
}

function createSigned(folder: string, authority: KeyPair, name: string, extensions: string): KeyPair {
  const pair = pairIn(folder, name)
  const request = join(folder, `${name}.csr`)
  const extensionFile = join(folder, `${name}.ext`)
  writeFileSync(extensionFile, `basicConstraints=CA:FALSE\n${extensions}\n`)
  openssl('req', ...newKey(pair.key), '-out', request, '-subj', `/CN=${name}`)
  const signing = ['-CA', authority.certificate, '-CAkey', authority.key, '-set_serial', String(serial++)]
  const files = ['-in', request, '-out', pair.certificate, '-extfile', extensionFile]
  openssl('x509', '-req', '-days', '2', ...files, ...signing)
  return pair
}

let serial = 1

function pairIn(folder: string, name: string): KeyPair {
  return { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
}

function newKey(file: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file]
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
