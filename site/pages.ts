import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, posix, relative, sep } from 'node:path'

const DIST = join(import.meta.dirname, 'dist')

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
}

/** Pages of the built site: paths below its root. */
export function pagePaths(): string[] {
  return readdirSync(DIST, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.html'))
    .map((entry) => relative(DIST, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .toSorted()
}

/** The links of all pages to something that the site does not have, as `page → link`. */
export function deadLinks(): string[] {
  const pages = new Map(pagePaths().map((path) => [path, readFileSync(join(DIST, path), 'utf8')]))
  const ids = new Map([...pages].map(([path, html]) => [path, new Set(attributes(html, 'id'))]))
  const files = new Set(
    readdirSync(DIST, { recursive: true, encoding: 'utf8' }).map((path) => path.split(sep).join('/')),
  )
  const isDead = (from: string, link: string): boolean => {
    const { pathname, hash } = new URL(link, `http://site/${from}`)
    const path = decodeURIComponent(pathname)
      .replace(/^\//, '')
      .replace(/(^|\/)$/, '$1index.html')
    if (!files.has(path)) return true
    const id = decodeURIComponent(hash.slice(1))
    return id !== '' && path.endsWith('.html') && !ids.get(path)!.has(id)
  }
  return [...pages].flatMap(([from, html]) =>
    [...attributes(html, 'href'), ...attributes(html, 'src')]
      .filter((link) => !/^(?:https?:|mailto:|data:)/.test(link) && isDead(from, link))
      .map((link) => `${from} → ${link}`),
  )
}

function attributes(html: string, name: string): string[] {
  return [...html.matchAll(new RegExp(`\\s${name}="([^"]*)"`, 'g'))].map(([, value]) => value!.replaceAll('&amp;', '&'))
}

/** A server of the built site, on loopback. */
export class SiteServer {
  readonly address: string
  readonly #close: () => Promise<void>

  private constructor(address: string, close: () => Promise<void>) {
    this.address = address
    this.#close = close
  }

  static async start(): Promise<SiteServer> {
    const server = createServer((request, response) => {
      const path = posix.normalize(decodeURIComponent(new URL(request.url!, 'http://site').pathname))
      try {
        const file = readFileSync(join(DIST, path.endsWith('/') ? `${path}index.html` : path))
        response
          .writeHead(200, { 'content-type': TYPES[extname(path) || '.html'] ?? 'application/octet-stream' })
          .end(file)
      } catch {
        response.writeHead(404).end()
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()))
    return new SiteServer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, close)
  }

  stop(): Promise<void> {
    return this.#close()
  }
}
