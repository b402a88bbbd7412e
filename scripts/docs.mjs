// `npm run docs`: the documentation as a site in site/dist. The guides are README, docs and the other pages of the package, as they
// are; the reference is made of the TSDoc. A warning, a link to nothing and a page without a place in the sidebar are errors.

import { spawn } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { checkNode, giveUp, install, root } from './setup.mjs'

const SITE = join(root, 'site')
const PAGES = join(SITE, '.pages')
const OWN = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md']

/** How the generators begin their warnings. */
const WARNING = /^\(!\)|\bwarn(?:ing)?\b|is not loaded, falling back/im

checkNode()
install()
install(SITE, 'site generator')
rmSync(PAGES, { recursive: true, force: true })
await runInSite('typedoc', 'typedoc/bin/typedoc')
for (const name of [...OWN, 'docs']) cpSync(join(root, name), join(PAGES, name), { recursive: true })
for (const path of markdownFiles(PAGES)) prepare(path)
await runInSite('vitepress', 'vitepress/bin/vitepress.js', 'build')

async function runInSite(name, program, ...args) {
  const path = join(SITE, 'node_modules', program)
  const child = spawn(process.execPath, [path, ...args], { cwd: SITE, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => {
      output += piece
      process.stdout.write(piece)
    })
  }
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) giveUp(`${name} failed.`)
  if (WARNING.test(output)) giveUp(`${name} warns, see above: a warning is an error here.`)
}

/** Makes a page of the site of a page of the package: a README is the index of its folder. */
function prepare(path) {
  const text = readFileSync(path, 'utf8')
  // The generator does not know the language of Prometheus.
  const own = path.startsWith(join(PAGES, 'reference')) ? named(path, text) : text.replaceAll('```promql', '```text')
  writeFileSync(
    path,
    own.replace(/\]\(([^)\s]+)\)/g, (link, target) => linkTo(path, link, target)),
  )
  if (basename(path) === 'README.md') renameSync(path, join(dirname(path), 'index.md'))
}

/** Turns links to a README, and those to files that are no pages. */
function linkTo(path, link, target) {
  if (/^(?:https?:|mailto:|#)/.test(target)) return link
  const [file, hash = ''] = target.split(/(?=#)/)
  const inside = relative(PAGES, join(dirname(path), file))
  if (/\.(?:md|svg)$/.test(file) && !inside.startsWith('..'))
    return `](${file.replace(/README\.md$/, 'index.md')}${hash})`
  if (/^docs\/(?:adapters|migration)\/?$/.test(inside)) return `](${file.replace(/\/?$/, '/')}index.md${hash})`
  // A file of the repository, which the site does not have: its name stays.
  return ']'
}

/** Names an entry point in the reference as it is imported. */
function named(path, text) {
  const [entry, file] = relative(join(PAGES, 'reference'), path).split(/[\\/]/)
  if (entry === 'README.md') {
    const linked = text.replace(/^- \[([\w-]+)\]/gm, (_, name) => `- [\`${importOf(name)}\`]`)
    return linked.replace(/^# .*$/m, '# Reference').replace(/^## Modules$/m, 'What each import has, from its TSDoc.')
  }
  return file === 'README.md' ? text.replace(/^# .*$/m, `# ${importOf(entry)}`) : text
}

function importOf(name) {
  return name === 'index' ? 'memlane' : `memlane/${name.replace('compat-', 'compat/')}`
}

function markdownFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}
