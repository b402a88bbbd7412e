export type {
  AddManyEachOptions,
  AddManyOptions,
  AddOptions,
  BatchOptions,
  CallOptions,
  CountManyOptions,
  CountOptions,
  CreateOptions,
  DeleteManyOptions,
  ExtendOptions,
  FlushOptions,
  GetManyOptions,
  GetOptions,
  GetOptionsWithDefault,
  InvalidateOptions,
  KeyOptions,
  PopOptions,
  PopOptionsWithDefault,
  RawCommandOptions,
  ReadOptions,
  ReturnEach,
  ReturnTtl,
  ServerOptions,
  SetManyEachOptions,
  SetManyOptions,
  ShutdownOptions,
  UpdateOptions,
  WriteOptions,
} from '../client/call-options.ts'
export type { CallName, QuietCallName } from '../client/calls/call-name.ts'
export type {
  BatchChannelContext,
  CallResult,
  ChannelContexts,
  ChannelFailure,
  ChannelServer,
  CloseReason,
  CommandChannelContext,
  ConnectChannelContext,
  ConnectionClosedMessage,
  ConnectionReadyMessage,
  ErrorMessage,
  FailoverMessage,
  LoadChannelContext,
  LoadReason,
  RetryMessage,
  ServerDownMessage,
  ServerUpMessage,
} from '../client/channel-contexts.ts'
export type { CommandPipeline, NextPipeline, PipelineOutcome, PipelineOutcomes } from '../client/command-pipeline.ts'
export type { Servers } from '../client/compose.ts'
export type { CompressionAlgorithm, CompressionContext, CompressionOptions } from '../client/compression.ts'
export type { Entries } from '../client/entries.ts'
export type {
  CommandErrorEvent,
  DesyncEvent,
  InvalidValueEvent,
  MemcacheEvents,
  RejoinOverflowEvent,
  ServerDownEvent,
  ServerUpEvent,
  WriteFailedEvent,
  ZoneDownEvent,
  ZoneUpEvent,
} from '../client/events.ts'
export type { CacheClient } from '../client/executor-of.ts'
export type { Failures } from '../client/failures.ts'
export type { Inspection } from '../client/inspection.ts'
export type { LongKeys } from '../client/key-encoder.ts'
export type { ChunksPart } from '../client/large-values.ts'
export type {
  GetOrSetManyOptions,
  GetOrSetOptions,
  LoadContext,
  Loader,
  LoadManyContext,
  ManyLoader,
} from '../client/lease/options.ts'
export type { LogContext, Logger } from '../client/logging.ts'
export { Memcache } from '../client/memcache.ts'
export type {
  CallMetrics,
  ClientMetrics,
  LatencyMetrics,
  LoadMetrics,
  ServerMetrics,
  WriteMetrics,
} from '../client/metrics.ts'
export type { Namespace } from '../client/namespace/namespace.ts'
export type {
  Clearable,
  GenerationOptions,
  InnerNamespaceOptions,
  NamespaceOptions,
} from '../client/namespace/options.ts'
export type { NamespaceNoreply, NoreplyCommands } from '../client/noreply.ts'
export type { MemcacheOptions } from '../client/options.ts'
export type { ValueWithCas } from '../client/reader.ts'
export type { CasResult, Counted, CountedWithTtl, SetsResult } from '../client/results.ts'
export type {
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaResult,
  StandardSchema,
} from '../client/standard-schema.ts'
export type { Stats } from '../client/stats.ts'
export type { Change } from '../client/update.ts'
export type { WrapperOptions } from '../client/wrapper-options.ts'
export { type ClusterConfigOptions, clusterConfig } from '../cluster/cluster-config.ts'
export { type DnsServersOptions, dnsServers } from '../cluster/dns-servers.ts'
export type { ClusterOptions, Failover, RejoinOptions } from '../cluster/options.ts'
export type { ByteStream, DialedStream } from '../connection/byte-stream.ts'
export type { ConnectionOptions, DialContext, Dialer, KeepAliveOptions } from '../connection/options.ts'
export type { LineLimits } from '../connection/read-line.ts'
export {
  AuthError,
  BatchError,
  type BatchOutcome,
  ChunkLostError,
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
  type UnsentDetails,
  ValueTooLargeError,
} from '../errors.ts'
export type { FallbackOn } from '../middleware/fallback-context.ts'
export type { RetryOptions } from '../middleware/retry.ts'
export type { Key } from '../protocol/key.ts'
export type { ServerStatus } from '../seam/executor.ts'
export type { Middleware } from '../seam/operation.ts'
export type { ServerSource } from '../seam/server-source.ts'
export type { ZoneStatus, ZonesPart } from '../seam/zones.ts'
export type { Serde, SerializedValue } from '../serde/serde.ts'
export type { Credentials, ServerAddress, ServerSpec } from '../server-address.ts'
export type { LoginForm } from '../server-text.ts'
export type { TlsArchive, TlsCertificate, TlsKey, TlsMaterial, TlsOptions, TlsVersion } from '../tls-options.ts'
export { FOREVER, type Ttl, type TtlFromMsOptions, ttlFromMs } from '../ttl.ts'
