import { existsSync, readFileSync } from 'node:fs'

/** Returns the version of this package, read from the nearest `package.json` above this file, built or not. */
export function packageVersion(): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const file = new URL('package.json', folder)
    if (existsSync(file)) return versionIn(readFileSync(file, 'utf8'))
    if (folder.pathname === new URL('..', folder).pathname) return 'unknown'
  }
}

function versionIn(text: string): string {
  const { version } = JSON.parse(text) as { readonly version?: string }
  return version ?? 'unknown'
}
