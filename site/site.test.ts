import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deadLinks, pagePaths, SiteServer } from './pages.ts'

const PHONE = { width: 390, height: 844 }

/** Smallest contrast between text and background that WCAG 2 accepts. */
const LEAST_CONTRAST = 4.5

/** The guides, and a page of each kind of the reference. */
const GUIDES = pagePaths().filter((path) => !path.startsWith('reference/') && path !== '404.html')
const REFERENCE = ['reference/index.html', 'reference/index/index.html', 'reference/index/classes/Memcache.html']

let server: SiteServer
let browser: Browser
let phone: BrowserContext

beforeAll(async () => {
  server = await SiteServer.start()
  const named = process.env['MEMLANE_CHROMIUM'] ?? 'chromium'
  const executablePath = named === 'chromium' ? '/usr/bin/chromium' : named
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  phone = await browser.newContext({ viewport: PHONE })
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

/** What a page reports: errors, and requests to other hosts. */
class Complaints {
  readonly found: string[] = []

  constructor(page: Page) {
    page.on('pageerror', (error) => this.found.push(error.message))
    page.on('console', (message) => message.type() === 'error' && this.found.push(message.text()))
    page.on('request', (request) => {
      const isOwn = request.url().startsWith(server.address) || request.url().startsWith('data:')
      if (!isOwn) this.found.push(`asks ${request.url()}`)
    })
  }
}

async function withPage<T>(
  options: Parameters<Browser['newContext']>[0],
  use: (page: Page, context: BrowserContext) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext(options)
  try {
    return await use(await context.newPage(), context)
  } finally {
    await context.close()
  }
}

describe('the documentation', () => {
  it('has the guides and the reference', () => {
    expect(GUIDES).toEqual(expect.arrayContaining(['index.html', 'docs/leases.html', 'docs/adapters/index.html']))
    expect(pagePaths()).toEqual(expect.arrayContaining(REFERENCE))
  })

  it('has no link to a page or a heading that is not there', () => {
    expect(deadLinks()).toEqual([])
  })

  it.each([...GUIDES, ...REFERENCE])(
    '%s fits a phone, and loads without an error from the site alone',
    async (path) => {
      const page = await phone.newPage()
      const complaints = new Complaints(page)
      await page.goto(`${server.address}/${path}`, { waitUntil: 'load' })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width)
      expect(complaints.found).toEqual([])
      await page.close()
    },
  )

  it.each(['light', 'dark'] as const)('is readable in a %s browser', async (colorScheme) => {
    await withPage({ colorScheme }, async (page) => {
      await page.goto(`${server.address}/docs/leases.html`, { waitUntil: 'networkidle' })
      const { background, contrasts } = (await page.evaluate(COLORS)) as { background: number; contrasts: number[] }
      expect(background > 0.5).toBe(colorScheme === 'light')
      expect(contrasts.length).toBeGreaterThan(2)
      expect(Math.min(...contrasts)).toBeGreaterThanOrEqual(LEAST_CONTRAST)
    })
  })

  it('finds "lease" without another host', async () => {
    await withPage({}, async (page) => {
      const complaints = new Complaints(page)
      await page.goto(server.address, { waitUntil: 'networkidle' })
      await page.locator('.VPNavBarSearch button').first().click()
      await page.locator('.search-input').fill('lease')
      await page.locator('.result').first().waitFor()
      const links = await page.locator('a.result').evaluateAll((all) => all.map((one) => one.getAttribute('href')))
      expect(links.some((link) => link?.includes('/docs/leases.html'))).toBe(true)
      expect(complaints.found).toEqual([])
    })
  })
})

/** Run in the page: the luminance of its background, and the contrasts of text, links and code with it. */
const COLORS = `(() => {
  const channels = (color) => color.match(/[\\d.]+/g).slice(0, 3).map(Number)
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const background = luminance(getComputedStyle(document.body).backgroundColor)
  const contrast = (color) => {
    const [low, high] = [luminance(color), background].sort((a, b) => a - b)
    return (high + 0.05) / (low + 0.05)
  }
  const texts = ['.vp-doc p', '.vp-doc h1', '.vp-doc td', '.vp-doc a'].map((name) => document.querySelector(name))
  return { background, contrasts: texts.filter(Boolean).map((one) => contrast(getComputedStyle(one).color)) }
})()`
