import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Item {
  readonly text: string
  readonly link?: string
  readonly collapsed?: boolean
  readonly items?: readonly Item[]
}

const PAGES = fileURLToPath(new URL('../.pages', import.meta.url))

/** The guides: the words of the sidebar, and the page below `docs`. */
const GUIDES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Use it': {
    'Getting started': 'getting-started',
    Concepts: 'concepts',
    Commands: 'commands',
    Options: 'options',
    Errors: 'errors',
    'Leases and getOrSet': 'leases',
    Tags: 'tags',
    'Versions of values': 'versions',
    'Large values': 'chunks',
    'Keys: list and delete': 'keys',
    Recipes: 'recipes',
    'Without await': 'sync',
    Middleware: 'middleware',
    Testing: 'testing',
  },
  'Many servers': {
    Clusters: 'clusters',
    Zones: 'zones',
    'Near cache': 'near-cache',
    'Large set-ups': 'scale',
    Clouds: 'clouds',
    'Cloudflare Workers': 'cloudflare',
  },
  'In production': {
    'Production checklist': 'production',
    Observability: 'observability',
    Security: 'security',
    'Command line': 'cli',
    Reliability: 'reliability',
    Performance: 'performance',
    Compatibility: 'compatibility',
  },
  'With others': {
    'Values of other clients': 'interop',
    'Other clients': 'comparison',
  },
}

/** Folders of pages, each with a page of its own. */
const FOLDERS: Readonly<Record<string, string>> = { Adapters: 'adapters', Migration: 'migration' }

const PROJECT: readonly Item[] = [
  { text: 'Changelog', link: '/CHANGELOG' },
  { text: 'Contributing', link: '/CONTRIBUTING' },
  { text: 'Architecture', link: '/ARCHITECTURE' },
  { text: 'Security policy', link: '/SECURITY' },
]

/** The sidebar. Throws where a page of `docs` is not in it. */
export function sidebar(): Item[] {
  const groups = Object.entries(GUIDES).map(([text, pages]) => ({ text, items: guides(pages) }))
  const named = new Set(Object.values(GUIDES).flatMap((pages) => Object.values(pages)))
  const missing = pagesIn('docs').filter((name) => !named.has(name))
  if (missing.length > 0)
    throw new Error(`site/.vitepress/sidebar.mts names no page for docs/${missing.join(', docs/')}`)
  const folders = Object.entries(FOLDERS).map(([text, name]) => ({ text, collapsed: true, items: folder(name) }))
  return [
    ...groups,
    ...folders,
    { text: 'Reference', collapsed: true, items: reference() },
    { text: 'Project', items: PROJECT },
  ]
}

function guides(pages: Readonly<Record<string, string>>): Item[] {
  return Object.entries(pages)
    .filter(([, name]) => existsSync(join(PAGES, 'docs', `${name}.md`)))
    .map(([text, name]) => ({ text, link: `/docs/${name}` }))
}

function folder(name: string): Item[] {
  const pages = pagesIn(`docs/${name}`).filter((page) => page !== 'index')
  return [
    { text: 'Overview', link: `/docs/${name}/` },
    ...pages.map((page) => ({ text: page, link: `/docs/${name}/${page}` })),
  ]
}

function reference(): Item[] {
  const names = readdirSync(join(PAGES, 'reference'), { withFileTypes: true })
  const entries = names.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return entries.toSorted(byEntryPoint).map((name) => ({ text: importOf(name), link: `/reference/${name}/` }))
}

/** `memlane` first. */
function byEntryPoint(a: string, b: string): number {
  return importOf(a) < importOf(b) ? -1 : 1
}

/** What an entry point is imported by. */
export function importOf(name: string): string {
  return name === 'index' ? 'memlane' : `memlane/${name.replace('compat-', 'compat/')}`
}

function pagesIn(path: string): string[] {
  return readdirSync(join(PAGES, path))
    .filter((name) => name.endsWith('.md'))
    .map((name) => name.slice(0, -3))
    .toSorted()
}
