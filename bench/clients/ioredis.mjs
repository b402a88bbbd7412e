// Settings: one connection and `enableAutoPipelining`, its form of one write per turn of the event loop: several times as
// fast as without it. It talks to Redis, where its defaults and its parser are at home.
import { connectIoredis } from './ioredis-client.mjs'

export const connect = (servers, settings) => connectIoredis(servers, settings, true)
