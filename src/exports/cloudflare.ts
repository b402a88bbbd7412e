export { cloudflareDialer } from '../cloudflare/cloudflare-dialer.ts'
