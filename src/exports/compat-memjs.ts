export type {
  ClientOptions,
  CountCallback,
  IncrementDecrementOptions,
  InsertOptions,
  Logger,
  MemjsAny,
  MemjsCallback,
  Serializer,
  ServerOptions,
  StatsCallback,
  SuccessCallback,
} from '../compat/memjs/api.ts'
export { Client, type MemjsCount, type MemjsItem } from '../compat/memjs/client.ts'
export { Server } from '../compat/memjs/server.ts'
