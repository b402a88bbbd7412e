export type {
  BatchOptions,
  CallOptions,
  CountManyOptions,
  CountOptions,
  DeleteManyOptions,
  FlushOptions,
  GetManyOptions,
  GetOptions,
  KeyOptions,
  RawCommandOptions,
  ReadOptions,
  ServerOptions,
  SetManyOptions,
  ShutdownOptions,
  WriteOptions,
} from '../client/call-options.ts'
export type { CommandPipeline, PipelineCommands, PipelineOutcome } from '../client/command-pipeline.ts'
export type { CompressionAlgorithm, CompressionOptions } from '../client/compression.ts'
export type { Entries } from '../client/entries.ts'
export type { CommandErrorEvent, DesyncEvent, MemcacheEvents } from '../client/events.ts'
export type { Inspection } from '../client/inspection.ts'
export type { LongKeys } from '../client/key-encoder.ts'
export { Memcache } from '../client/memcache.ts'
export type { NoreplyCommands } from '../client/noreply.ts'
export type { Failures, MemcacheOptions } from '../client/options.ts'
export type { ValueWithCas } from '../client/reader.ts'
export type { CasResult, Counted } from '../client/results.ts'
export type { Stats } from '../client/stats.ts'
export type { ConnectionOptions, Dialer, KeepAliveOptions } from '../connection/options.ts'
export {
  AuthError,
  BatchError,
  type BatchOutcome,
  ClientError,
  ClosedError,
  ConflictError,
  ConnectError,
  ConnectionClosedError,
  type Delivery,
  type ErrorCode,
  type ErrorDetails,
  InvalidInputError,
  LoadError,
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
export type { ServerStatus } from '../executor.ts'
export type { Key } from '../protocol/key.ts'
export type { Serde, SerializedValue } from '../serde/serde.ts'
export type { Credentials, ServerAddress, ServerSpec, TlsOptions } from '../server-address.ts'
export type { Ttl } from '../ttl.ts'
