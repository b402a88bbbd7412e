// Weighs the built package against budgets.json: the bytes that each entry point adds to an application, and the tarball.
// Weight: what esbuild makes of the import, minified, `node:` external, after gzip -9. `--write` writes today's figures.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build as bundle } from 'esbuild'
import { build, giveUp, root } from './setup.mjs'

const FILE = join(root, 'budgets.json')
/** Figures written down are rounded up to this many bytes, so that mending a line does not need a new budget. */
const ROUND = 100

/** The import that stands for an entry point: of the core, the one class that every application has. */
const program = (name) => (name === 'memlane' ? `export { Memcache } from '${name}'` : `export * from '${name}'`)

async function weightOf(name) {
  const { outputFiles } = await bundle({
    stdin: { contents: program(name), resolveDir: root },
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    external: ['node:*'],
    write: false,
    logLevel: 'silent',
  })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}

function packageSizes() {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [{ size, unpackedSize }] = Object.values(JSON.parse(output))
  return { packed: size, unpacked: unpackedSize }
}

build()
const budgets = JSON.parse(readFileSync(FILE, 'utf8'))
const weights = await Promise.all(Object.keys(budgets.weight).map(async (name) => [name, await weightOf(name)]))
const actual = { weight: Object.fromEntries(weights), package: packageSizes() }
const rows = Object.entries(actual).flatMap(([group, figures]) =>
  Object.entries(figures).map(([name, bytes]) => ({ name, bytes, budget: budgets[group][name] })),
)
for (const { name, bytes, budget } of rows) {
  const mark = bytes > budget ? '  over' : ''
  console.log(`${name.padEnd(20)} ${String(bytes).padStart(9)} of ${String(budget).padStart(9)} bytes${mark}`)
}
if (process.argv.includes('--write')) {
  const rounded = (bytes) => Math.ceil(bytes / ROUND) * ROUND
  for (const [name, bytes] of weights) budgets.weight[name] = rounded(bytes)
  writeFileSync(FILE, `${JSON.stringify(budgets, undefined, 2)}\n`)
} else if (rows.some(({ bytes, budget }) => bytes > budget)) {
  giveUp('The package has outgrown budgets.json. Make it lighter, or raise the budget there and say why in the commit.')
}
