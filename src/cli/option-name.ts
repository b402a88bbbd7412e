/** Returns the name of an option or argument on the command line: `noTtl` is `no-ttl`. */
export function kebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
