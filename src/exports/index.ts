export type {
  CallOptions,
  CountOptions,
  DeleteManyOptions,
  GetManyOptions,
  GetOptions,
  ReadOptions,
  SetManyOptions,
  WriteOptions,
} from '../client/call-options.ts'
export type { Entries } from '../client/entries.ts'
export type { CommandErrorEvent, DesyncEvent, MemcacheEvents } from '../client/events.ts'
export type { LongKeys } from '../client/key-encoder.ts'
export { Memcache } from '../client/memcache.ts'
export type { NoreplyCommands } from '../client/noreply.ts'
export type { Failures, MemcacheOptions } from '../client/options.ts'
export type { CasResult, Counted } from '../client/results.ts'
export type { ValueWithCas } from '../client/values.ts'
export type { ConnectionOptions, Dialer, KeepAliveOptions } from '../connection/options.ts'
export {
  AuthError,
  BatchError,
  type BatchOutcome,
  ClientError,
  ClosedError,
  ConnectError,
  ConnectionClosedError,
  type Delivery,
  type ErrorCode,
  type ErrorDetails,
  InvalidInputError,
  MemcacheError,
  OverloadedError,
  ProtocolError,
  SerdeError,
  ServerDownError,
  ServerError,
  TimeoutError,
  UnknownCommandError,
  ValueTooLargeError,
} from '../errors.ts'
export type { Key } from '../protocol/key.ts'
export type { Serde, SerializedValue } from '../serde/serde.ts'
export type { Credentials, ServerAddress, ServerSpec, TlsOptions } from '../server-address.ts'
export type { Ttl } from '../ttl.ts'
