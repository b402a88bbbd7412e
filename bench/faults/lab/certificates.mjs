import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Makes an authority, two certificates for `localhost`, and one for another name. */
export function createCertificates(folder) {
  const authority = pathsIn(folder, 'authority')
  const newAuthority = ['-out', authority.certificate, '-days', '2', '-subj', '/CN=authority']
  openssl('req', '-x509', ...newKey(authority.key), ...newAuthority)
  const sign = (name, host, serial) => createSigned(folder, authority, name, host, serial)
  sign('server', 'DNS:localhost,IP:127.0.0.1', 1)
  sign('renewed', 'DNS:localhost,IP:127.0.0.1', 2)
  sign('wrong-name', 'DNS:elsewhere.example', 3)
}

/** What `createCertificates` has made in this folder: the authority's bytes, and paths of PEM files. */
export function findCertificates(folder) {
  return {
    folder,
    ca: readFileSync(pathsIn(folder, 'authority').certificate),
    server: pathsIn(folder, 'server'),
    renewed: pathsIn(folder, 'renewed'),
    wrongName: pathsIn(folder, 'wrong-name'),
  }
}

/** Path of a file with one account, as memcached reads it. */
export function loginFile(folder, username, password) {
  const path = join(folder, `login-${process.pid}-${password}`)
  writeFileSync(path, `${username}:${password}\n`, { mode: 0o600 })
  return path
}

function createSigned(folder, authority, name, host, serial) {
  const pair = pathsIn(folder, name)
  const request = join(folder, `${name}.csr`)
  const extensions = join(folder, `${name}.ext`)
  writeFileSync(extensions, `basicConstraints=CA:FALSE\nsubjectAltName=${host}\n`)
  openssl('req', ...newKey(pair.key), '-out', request, '-subj', `/CN=${name}`)
  const signing = ['-CA', authority.certificate, '-CAkey', authority.key, '-set_serial', String(serial)]
  openssl('x509', '-req', '-days', '2', '-in', request, '-out', pair.certificate, '-extfile', extensions, ...signing)
}

function pathsIn(folder, name) {
  return { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
}

function newKey(file) {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file]
}

function openssl(...args) {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
