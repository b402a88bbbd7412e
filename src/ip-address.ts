const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`)

/** Whether a text is an IPv4 address: four numbers from 0 to 255, without leading zeros. */
export function isIpv4(text: string): boolean {
  return IPV4.test(text)
}

/** Whether a text is an IPv6 address, without brackets; it may name a zone (`fe80::1%eth0`). */
export function isIpv6(text: string): boolean {
  // The zone is the operating system's business.
  const [address = '', zone, ...rest] = text.split('%')
  if (rest.length > 0 || (zone !== undefined && !/^[\w.-]+$/.test(zone))) return false
  return /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(address) && URL.canParse(`http://[${address}]/`)
}

/** Whether a host is an address, which needs no look-up and is no name for a certificate. */
export function isIpAddress(host: string): boolean {
  return isIpv4(host) || isIpv6(host)
}
