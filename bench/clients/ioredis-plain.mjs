// Settings: all defaults, so without autopipelining: what a program has that did not look for the option.
import { connectIoredis } from './ioredis-client.mjs'

export const connect = (servers, settings) => connectIoredis(servers, settings, false)
