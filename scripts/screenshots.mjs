// Writes docs/images/top.svg: the screen of `memlane top` on three embedded servers with a load by Zipf's law.
// node scripts/screenshots.mjs [--rounds 95] [--columns 118] [--rows 20]
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { root } from './setup.mjs'

const PAGE_IMAGE = join(root, 'docs', 'images', 'top.svg')
const MAX_BYTES = 150_000
/** Names that the picture shows, and the memory of each server in bytes. */
const SERVERS = [
  ['10.0.0.1:11211', 4 * 1024 * 1024],
  ['10.0.0.2:11211', 4 * 1024 * 1024],
  ['10.0.0.3:11211', 1.5 * 1024 * 1024],
]
const KEYS = 8000
const EXPONENT = 1.05

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '95' },
    columns: { type: 'string', default: '118' },
    rows: { type: 'string', default: '20' },
    load: { type: 'string' },
  },
})

async function takePicture() {
  const folder = mkdtempSync(join(root, 'node_modules', '.screenshots-'))
  const load = fork(fileURLToPath(import.meta.url), ['--load', folder])
  try {
    await bundle(folder)
    load.send('start')
    const [addresses] = await once(load, 'message')
    const { runProgram, COMMANDS } = await import(pathToFileURL(join(folder, 'program.mjs')).href)
    const columns = Number(values.columns)
    const rows = Number(values.rows)
    const terminal = new Terminal(columns, rows)
    const words = SERVERS.flatMap(([name], at) => ['-s', `memcached://${addresses[at]}?name=${name}`])
    const exitCode = await runProgram(['top', '-n', values.rounds, ...words], hostOf(terminal, columns, rows), COMMANDS)
    if (exitCode !== 0) throw new Error(`memlane top ended with ${exitCode}`)
    writePicture(terminal.picture, columns)
  } finally {
    load.kill()
    rmSync(folder, { recursive: true })
  }
}

/** Builds the program from its sources. */
async function bundle(folder) {
  const contents = {
    program: `export { runProgram } from './src/cli/run.ts'
      export { COMMANDS } from './src/cli/registry.ts'`,
    library: `export { Memcache } from './src/exports/index.ts'
      export { MemcachedServer } from './src/exports/testing.ts'`,
  }
  for (const [name, text] of Object.entries(contents)) {
    await build({
      stdin: { contents: text, resolveDir: root },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: join(folder, `${name}.mjs`),
      logLevel: 'warning',
    })
  }
}

/** Terminal for the program, without a keyboard. */
function hostOf(terminal, columns, rows) {
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      // A character that can be seen stands for escape.
      terminal.write(String(chunk).replaceAll('\x1b', '␛'))
      done()
    },
  })
  const signal = new AbortController().signal
  return {
    env: {},
    stdin: new PassThrough(),
    stdout: Object.assign(stdout, { isTTY: true, columns, rows }),
    stderr: process.stderr,
    signal,
    interrupt: () => undefined,
    takeInterrupts: () => undefined,
  }
}

/** As much of a terminal as a screen of memlane needs: lines that are painted at their place, with formats. */
class Terminal {
  #lines = []
  /** Lines of the screen before it was closed. */
  picture = []

  constructor(columns, rows) {
    this.columns = columns
    this.rows = rows
  }

  write(text) {
    for (const [, row, line] of text.matchAll(/␛\[(\d+);1H(.*?)␛\[0m␛\[K/gs)) this.#lines[Number(row) - 1] = line
    if (text.includes('␛[?1049l')) this.picture = Array.from({ length: this.rows }, (_, at) => this.#lines[at] ?? '')
  }
}

/** Classes of the formats of `util.styleText`, and the codes that end them. */
const CLASSES = { 1: 'bold', 2: 'dim', 31: 'red', 32: 'green', 33: 'yellow', 36: 'cyan' }
const ENDS = { 22: ['bold', 'dim'], 39: ['red', 'green', 'yellow', 'cyan'] }

/** Splits a line into texts, each with its column and its classes. */
function runsOf(line) {
  const runs = []
  const classes = new Set()
  let column = 0
  for (const part of line.split(/(␛\[\d+m)/)) {
    const code = /\[(\d+)m$/.exec(part)?.[1]
    if (code === undefined) {
      // Blanks between columns need no element.
      for (const { 0: text, index } of part.matchAll(/\S+(?: \S+)*/g))
        runs.push({ text, column: column + index, classes: [...classes] })
      column += part.length
    } else if (code in CLASSES) classes.add(CLASSES[code])
    else for (const name of ENDS[code] ?? []) classes.delete(name)
  }
  return runs
}

const CELL = { width: 8, height: 18 }
const MARGIN = 16

function writePicture(lines, columns) {
  const width = columns * CELL.width + 2 * MARGIN
  const height = lines.length * CELL.height + 2 * MARGIN
  const texts = lines.flatMap((line, row) => runsOf(line).map((run) => textElement(run, row)))
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="memlane top on three servers">
<style>
  .back { fill: #ffffff; stroke: #d0d7de; }
  text { fill: #1f2328; font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: pre; }
  .bold { font-weight: 700; }
  .dim { fill: #656d76; }
  .red { fill: #cf222e; }
  .green { fill: #1a7f37; }
  .yellow { fill: #9a6700; }
  .cyan { fill: #1b7c83; }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117; stroke: #30363d; }
    text { fill: #e6edf3; }
    .dim { fill: #8d96a0; }
    .red { fill: #ff7b72; }
    .green { fill: #3fb950; }
    .yellow { fill: #d29922; }
    .cyan { fill: #39c5cf; }
  }
</style>
<rect class="back" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${texts.join('\n')}
</svg>
`
  if (svg.length > MAX_BYTES) throw new Error(`the picture has ${svg.length} bytes, more than ${MAX_BYTES}`)
  mkdirSync(dirname(PAGE_IMAGE), { recursive: true })
  writeFileSync(PAGE_IMAGE, svg)
  console.log(`${PAGE_IMAGE}: ${Buffer.byteLength(svg)} bytes`)
}

/** A text with a fixed width, so that columns stand below each other whatever the font is. */
function textElement({ text, column, classes }, row) {
  const x = MARGIN + column * CELL.width
  const y = MARGIN + (row + 1) * CELL.height - 5
  const name = classes.length > 0 ? ` class="${classes.join(' ')}"` : ''
  const length = text.length * CELL.width
  return `<text x="${x}" y="${y}" textLength="${length}" lengthAdjust="spacingAndGlyphs"${name}>${escapeXml(text)}</text>`
}

function escapeXml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Runs servers and their load until it is killed: a process of its own, so that round trips are those of the servers. */
async function runLoad(folder) {
  await once(process, 'message')
  const { Memcache, MemcachedServer } = await import(pathToFileURL(join(folder, 'library.mjs')).href)
  const servers = await Promise.all(
    SERVERS.map(([, memoryBytes]) => MemcachedServer.start({ memoryBytes, maxItemBytes: 64 * 1024 })),
  )
  process.send(servers.map(({ address }) => address))
  const client = new Memcache(servers.map(({ address }, at) => `memcached://${address}?name=${SERVERS[at][0]}`))
  const pick = zipf(KEYS, EXPONENT)
  for (let tick = 0; ; tick++) {
    // Traffic that swells and ebbs, with a moment of many new keys.
    const reads = Math.round(60 + 25 * Math.sin(tick / 45))
    const offset = tick % 700 > 640 ? KEYS * Math.ceil(tick / 700) : 0
    await Promise.all(Array.from({ length: reads }, () => readThrough(client, pick() + offset)))
    await sleep(20)
  }
}

async function readThrough(client, number) {
  const key = `user:${number}`
  if ((await client.get(key)) === undefined) await client.set(key, 'x'.repeat(100 + ((number * 37) % 900)), { ttl: 60 })
}

/** Returns a function that picks numbers from 0 on by Zipf's law. */
function zipf(count, exponent) {
  let sum = 0
  const sums = Array.from({ length: count }, (_, at) => (sum += 1 / (at + 1) ** exponent))
  return () => {
    const wanted = Math.random() * sum
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (sums[middle] < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

await (values.load === undefined ? takePicture() : runLoad(values.load))
