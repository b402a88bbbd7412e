import { setTimeout as pause } from 'node:timers/promises'
import { MemcachedServer } from '../../dist/testing.mjs'
import { Caller } from './caller.mjs'
import { judgeAll } from './judge.mjs'
import { loginFile } from './lab/certificates.mjs'
import { Listener, TlsFront } from './lab/front.mjs'
import { Interceptor } from './lab/interceptor.mjs'
import { Line } from './lab/line.mjs'
import { freePort, ServerProcess } from './lab/processes.mjs'
import { SaslFront } from './lab/sasl-front.mjs'
import { SilentAddress } from './lab/silent-address.mjs'
import { expect } from './problem.mjs'

/** What a command may take where it must end by itself, and where the server answers on a busy machine. */
const SHORT_MS = 1000
const PATIENT_MS = 8000
/** Ten ticks a second at most. Some clients repeat a command twice by themselves. */
const SHORT_TICKS = 120
const PATIENT_TICKS = 300
const TRY_AGAIN_MS = 100
const TRIES = 100

export const LOGIN = { username: 'user', password: 'right' }

/** One scenario with one client: its servers, its client, and how the outcomes are judged. */
export class Trial {
  #scenario
  #certificates
  #closers = []
  client
  caller
  timeoutMs
  /** Servers with what stands before them: `{ server, door, line, interceptor?, front?, listener? }`. */
  sites = []

  constructor(scenario, client, certificates) {
    this.#scenario = scenario
    this.#certificates = certificates
    this.client = client
    this.timeoutMs = scenario.patient ? PATIENT_MS : SHORT_MS
  }

  async setUp() {
    const { place, count = place === 'none' ? 0 : 1 } = this.#scenario
    for (let index = 0; index < count; index++) this.sites.push(await this.#openSite())
    this.caller = new Caller(this.client, this.#scenario.patient ? PATIENT_TICKS : SHORT_TICKS)
    this.#closers.push(() => this.caller.end())
  }

  async tearDown() {
    for (const close of this.#closers.reverse()) await close()
  }

  get site() {
    return this.sites[0]
  }

  get line() {
    return this.site.line
  }

  get door() {
    return this.site.door
  }

  get isTls() {
    return this.client.tls || this.#scenario.tls === true
  }

  get certificates() {
    return this.#certificates
  }

  async #openSite() {
    const { place = 'server', script } = this.#scenario
    const site = {}
    if (place === 'silent') return this.#openSilent()
    if (place === 'script') site.listener = this.#keep(await Listener.start(script))
    else await this.#startServer(site)
    let port = site.listener?.port ?? site.server.port
    if (place === 'interceptor') {
      site.interceptor = this.#keep(await Interceptor.start(port))
      port = site.interceptor.port
    }
    if (site.sasl !== undefined) port = site.sasl.port
    if (this.isTls && !this.#hasOwnTls && !this.#scenario.withoutFront) {
      site.front = this.#keep(await TlsFront.start(port, this.#certificates.server))
      port = site.front.port
    }
    site.line = this.#keep(await Line.start(port))
    return site
  }

  /** A port without an answer; nothing can stand before it, as that would answer. */
  async #openSilent() {
    return { line: this.#keep(await SilentAddress.start(await freePort())) }
  }

  /** memcached speaks TLS itself where nothing has to read along. */
  get #hasOwnTls() {
    const { place = 'server', tls } = this.#scenario
    return this.client.tls && !tls && place === 'server' && !this.#usesRedis
  }

  get #usesRedis() {
    return this.client.protocol === 'redis'
  }

  async #startServer(site) {
    const { args = {}, login } = this.#scenario
    const settings = { args: [...(args[this.#usesRedis ? 'redis' : 'memcached'] ?? [])], access: {} }
    if (this.#hasOwnTls) {
      const { server, ca } = this.#certificates
      settings.args.push('-Z', '-o', `ssl_chain_cert=${server.certificate},ssl_key=${server.key}`)
      settings.access.ca = ca
    }
    if (login) this.#addLogin(settings)
    site.server = await ServerProcess.start(this.client.protocol, settings)
    this.#closers.push(() => site.server.kill())
    site.door = await site.server.openDoor()
    if (login && this.client.protocol === 'binary')
      site.sasl = this.#keep(await SaslFront.start(site.server.port, LOGIN.password))
  }

  #addLogin(settings) {
    if (this.client.protocol === 'binary') return
    settings.access.login = LOGIN
    settings.args.push(...this.loginArguments(LOGIN.password))
  }

  loginArguments(password) {
    if (this.#usesRedis) return ['--requirepass', password]
    return ['-Y', loginFile(this.#certificates.folder, LOGIN.username, password)]
  }

  /** From now on another password is the right one; open connections end. */
  async changePassword(site, password) {
    if (site.sasl !== undefined) {
      site.sasl.password = password
      site.line.reset()
      return
    }
    const { server } = site
    await server.kill()
    server.args.splice(-2, 2, ...this.loginArguments(password))
    server.access = { ...server.access, login: { ...LOGIN, password } }
    await server.start()
    site.door = await server.openDoor()
  }

  #keep(closable) {
    this.#closers.push(() => closable.close())
    return closable
  }

  /** Makes the client of the process, or one more. */
  async open(changes = {}) {
    const spares = await this.#startSpares()
    await this.caller.open({
      servers: [
        ...this.sites.map(({ line }) => ({ host: this.isTls ? 'localhost' : '127.0.0.1', port: line.port })),
        ...spares,
      ],
      timeoutMs: this.timeoutMs,
      ...(this.isTls ? { ca: this.#certificates.ca } : {}),
      ...(this.#scenario.login ? { login: LOGIN } : {}),
      failover: this.sites.length > 1 ? 'next' : 'none',
      ...changes,
    })
  }

  /** Healthy servers beside the one that is looked at, for the client with a cluster. */
  async #startSpares() {
    if (this.sites.length > 1) return []
    const servers = await Promise.all(Array.from({ length: this.client.spares }, () => MemcachedServer.start()))
    return servers.map((server) => ({ host: '127.0.0.1', port: this.#keep(server).port }))
  }

  /** Names of keys that belong to the server that is looked at. */
  async keys(count, prefix = 'key') {
    const isSpread = this.sites.length <= 1 && this.client.spares > 0
    const names = Array.from({ length: isSpread ? count * 9 : count }, (_, index) => `${prefix}:${index}`)
    return isSpread ? (await this.caller.keys(names)).slice(0, count) : names
  }

  /** Keys that are stored on the server, each with its own value. */
  async storedKeys(count, prefix, lengthen) {
    const keys = await this.keys(count, prefix)
    for (const key of keys) await this.door.set(key, valueFor(key, lengthen))
    return keys
  }

  start(calls, options) {
    return this.caller.start(calls, options)
  }

  run(calls, options) {
    return this.caller.run(calls, options)
  }

  async one(...call) {
    const [outcome] = await this.run([call])
    return outcome
  }

  /** Reads all keys at once, or one each `everyMs`, and judges the answers; `allow` names what else may come: `error`, `miss`. */
  async read(keys, allow = [], options = {}) {
    const outcomes = await this.run(getsOf(keys), options)
    judgeAll(keys, outcomes, allow, valueFor)
    return outcomes
  }

  /** Reads keys between writes of others, all at once, so that replies of several commands are under way. */
  async mixed(keys) {
    const others = keys.map((key) => `${key}-other`)
    const calls = keys.flatMap((key, index) => [
      ['get', key],
      ['set', others[index], valueFor(others[index])],
    ])
    const outcomes = await this.run(calls)
    judgeAll(
      keys,
      outcomes.filter((_, index) => index % 2 === 0),
      ['error'],
      valueFor,
    )
    const writes = outcomes.filter((_, index) => index % 2 === 1)
    expect(
      writes.every(({ kind, value }) => kind === 'error' || typeof value === 'boolean'),
      'a write was answered with a value',
    )
  }

  judge(keys, outcomes, allow = []) {
    judgeAll(keys, outcomes, allow, valueFor)
  }

  /** Reads again and again until every key has its value; nothing false may come meanwhile. */
  async untilRight(keys, allow = ['error']) {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const outcomes = await this.read(keys, allow)
      if (outcomes.every(({ kind }) => kind === 'value')) return
      await pause(TRY_AGAIN_MS)
    }
    expect(false, `no answer in ${TRIES} tries after the fault was over`)
  }

  /** Writes again and again until it is done, then reads: for a server that came back empty. */
  async untilStored(keys) {
    for (const key of keys) {
      let isStored = false
      for (let attempt = 1; attempt <= TRIES && !isStored; attempt++) {
        const outcome = await this.one('set', key, valueFor(key))
        isStored = outcome.kind === 'value' && outcome.value === true
        if (!isStored) await pause(TRY_AGAIN_MS)
      }
      expect(isStored, `nothing was stored in ${TRIES} tries after the fault was over`)
    }
    await this.untilRight(keys)
  }

  pause(ms) {
    return pause(ms)
  }
}

/** The value of a key, which names it; `lengthen` adds that many bytes. */
export function valueFor(key, lengthen = 0) {
  return `value of ${key} ${'.'.repeat(lengthen)}`
}

export function getsOf(keys) {
  return keys.map((key) => ['get', key])
}
