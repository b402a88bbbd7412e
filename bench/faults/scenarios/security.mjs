// Logins and TLS.
import { expectError } from '../judge.mjs'
import { expect } from '../problem.mjs'
import { getsOf, LOGIN } from '../trial.mjs'

const GROUP = 'Login and TLS'
const ALL = ['text', 'binary', 'redis']

function login(name, title, expects, play, more = {}) {
  return { name, group: GROUP, title, expects, play, login: true, needs: ['login'], protocols: ALL, ...more }
}

function tls(name, title, expects, play, more = {}) {
  return { name, group: GROUP, title, expects, play, tls: true, needs: ['tls'], protocols: ALL, ...more }
}

export default [
  login(
    'wrong-password',
    'a wrong password, 40 reads',
    'errors, never misses, and no login for every read',
    async (t) => {
      await t.open({ login: { ...LOGIN, password: 'wrong' } })
      const keys = await t.storedKeys(40)
      await t.read(keys, ['error'], { everyMs: 25 })
      expect(t.line.connections < 36, `${t.line.connections} logins for 40 reads`)
    },
    { quick: true },
  ),
  login(
    'login-refused-in-mid-life',
    'the password changes in mid-life, and changes back',
    'errors, never misses, and no login for every read; works again',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(3)
      await t.untilRight(keys)
      await t.changePassword(t.site, 'another')
      const before = t.line.connections
      const all = Array.from({ length: 60 }, (_, index) => keys[index % keys.length])
      for (const outcome of await t.run(getsOf(all), { everyMs: 25 })) expectError(outcome, 'a read without a login')
      expect(t.line.connections - before < 54, `${t.line.connections - before} logins for 60 reads`)
      await t.changePassword(t.site, LOGIN.password)
      await t.untilStored(keys)
    },
  ),
  tls(
    'certificate-renewed',
    'the server shows a renewed certificate, connections are reset',
    'goes on with the new one',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(5)
      await t.untilRight(keys)
      t.site.front.renew(t.certificates.renewed)
      t.line.reset()
      await t.read(keys, ['error'])
      await t.untilRight(keys)
    },
    { quick: true },
  ),
  tls(
    'certificate-of-another',
    'the renewed certificate is for another name',
    'errors, never answers; works when it is mended',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(5)
      await t.untilRight(keys)
      t.site.front.renew(t.certificates.wrongName)
      t.line.reset()
      for (let round = 0; round < 3; round++) {
        for (const outcome of await t.run(getsOf(keys)))
          expectError(outcome, 'a read from a server that cannot prove its name')
      }
      t.site.front.renew(t.certificates.server)
      await t.untilRight(keys)
    },
  ),
  tls(
    'reset-in-record',
    'a TLS connection is reset in the middle of a record',
    'no half value; works again',
    async (t) => {
      await t.open()
      const keys = await t.storedKeys(10, 'key', 20_000)
      await t.untilRight(keys)
      t.line.set('toClient', { cutAfterBytes: 30_000 })
      await t.read(keys, ['error'])
      await t.line.heal()
      await t.untilRight(keys)
    },
  ),
  tls(
    'tls-to-plain-port',
    'a client with TLS, a server without',
    'errors within their time, never misses',
    async (t) => {
      await t.open()
      const keys = await t.keys(3)
      for (const outcome of await t.run(getsOf(keys))) expectError(outcome, 'a read without TLS')
    },
    { withoutFront: true },
  ),
  tls(
    'plain-to-tls-port',
    'a client without TLS, a server with it',
    'errors within their time, never misses',
    async (t) => {
      await t.open({ ca: undefined })
      const keys = await t.keys(3)
      for (const outcome of await t.run(getsOf(keys))) expectError(outcome, 'a read without TLS')
    },
    { needs: [] },
  ),
]
