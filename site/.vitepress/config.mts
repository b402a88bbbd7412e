import { defineConfig } from 'vitepress'
import { sidebar } from './sidebar.mts'

export default defineConfig({
  title: 'memlane',
  description: 'The memcached client for TypeScript',
  lang: 'en',
  srcDir: '.pages',
  outDir: 'dist',
  cacheDir: '.cache',
  cleanUrls: false,
  // A dead link ends the build.
  ignoreDeadLinks: false,
  // The pages load nothing from other hosts.
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    // The pages are plain Markdown: what looks like a tag is text.
    html: false,
    config: (md) => {
      // Nor are double braces a template.
      for (const rule of ['text', 'code_inline'] as const) {
        const render = md.renderer.rules[rule]!
        md.renderer.rules[rule] = (...args) => render(...args).replaceAll('{{', '{<!-- -->{')
      }
    },
  },
  // The index of the search, which is loaded when a reader searches, has all words of all pages.
  vite: { build: { chunkSizeWarningLimit: 8000 } },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/docs/getting-started' },
      { text: 'Reference', link: '/reference/' },
    ],
    sidebar: sidebar(),
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    externalLinkIcon: true,
  },
})
