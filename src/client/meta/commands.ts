import type { Key } from '../../protocol/key.ts'
import type { Ttl } from '../../ttl.ts'
import type { KeyOptions } from '../call-options.ts'
import { checkCas } from '../numbers.ts'
import type { Values } from '../values.ts'
import type { MetaCommand } from './command.ts'
import { countCommand } from './counters.ts'
import { debugCommand } from './debug.ts'
import { deleteCommand, invalidateCommand } from './deletes.ts'
import { executeCommand } from './execute.ts'
import {
  CAS_NAMES,
  checkNames,
  GAT_NAMES,
  type MetaAddOptions,
  type MetaCasOptions,
  type MetaCountOptions,
  type MetaDeleteOptions,
  type MetaExecution,
  type MetaExtendOptions,
  type MetaGatOptions,
  type MetaGetOptions,
  type MetaInvalidateOptions,
  type MetaOptions,
  type MetaReplaceOptions,
  type MetaSetOptions,
} from './options.ts'
import { getCommand, requireTtl, touchCommand } from './reads.ts'
import { extendCommand, setCommand, storeCommand } from './stores.ts'

/** Makes commands out of calls; what is wrong with a call is thrown here. For the client, and for its pipelines. */
export class MetaCommands {
  readonly #values: Values
  readonly #quiet: boolean

  /** @param quiet - For commands whose successes are not answered: what would need an answer is refused. */
  constructor(values: Values, quiet: boolean) {
    this.#values = values
    this.#quiet = quiet
  }

  get(key: Key, options: MetaGetOptions | undefined): MetaCommand {
    return getCommand(this.#values, 'get', key, options)
  }

  gat(key: Key, ttl: Ttl, options: MetaGatOptions | undefined): MetaCommand {
    checkNames('gat', options, GAT_NAMES)
    return getCommand(this.#values, 'gat', key, { ...options, touch: requireTtl('gat', ttl) })
  }

  touch(key: Key, ttl: Ttl, options: MetaOptions | undefined): MetaCommand {
    return touchCommand(this.#values, key, ttl, options)
  }

  set(key: Key, value: unknown, options: MetaSetOptions | undefined): MetaCommand {
    return setCommand(this.#values, this.#quiet, key, value, options)
  }

  add(key: Key, value: unknown, options: MetaAddOptions | undefined): MetaCommand {
    return storeCommand(this.#values, this.#quiet, 'add', key, value, options)
  }

  replace(key: Key, value: unknown, options: MetaReplaceOptions | undefined): MetaCommand {
    return storeCommand(this.#values, this.#quiet, 'replace', key, value, options)
  }

  cas(key: Key, value: unknown, cas: bigint, options: MetaCasOptions | undefined): MetaCommand {
    checkNames('cas', options, CAS_NAMES)
    return storeCommand(this.#values, this.#quiet, 'set', key, value, { ...options, compareCas: checkCas(cas) })
  }

  extend(
    mode: 'append' | 'prepend',
    key: Key,
    data: string | Uint8Array,
    options: MetaExtendOptions | undefined,
  ): MetaCommand {
    return extendCommand(this.#values, this.#quiet, mode, key, data, options)
  }

  delete(key: Key, options: MetaDeleteOptions | undefined): MetaCommand {
    return deleteCommand(key, options)
  }

  invalidate(key: Key, options: MetaInvalidateOptions | undefined): MetaCommand {
    return invalidateCommand(key, options)
  }

  count(mode: 'incr' | 'decr', key: Key, delta: number | bigint, options: MetaCountOptions | undefined): MetaCommand {
    return countCommand(this.#values, this.#quiet, mode, key, delta, options)
  }

  debug(key: Key, options: KeyOptions | undefined): MetaCommand {
    return debugCommand(key, options)
  }

  execute(execution: MetaExecution, options: KeyOptions | undefined): MetaCommand {
    return executeCommand(this.#values, execution, options)
  }
}
